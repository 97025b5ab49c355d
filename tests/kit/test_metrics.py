"""Figures in Prometheus' text format."""

from app.kit.metrics import BOUNDS, Metrics


def test_durations_fall_into_buckets_that_add_up() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.002, 99.0):
        metrics.count_request("GET", "/x", 200, seconds)
    text = metrics.text().decode()
    assert 'bucket{le="0.001",method="GET",route="/x",status="200"} 2.0' in text
    assert f'bucket{{le="{BOUNDS[-1]}",method="GET",route="/x",status="200"}} 3.0' in text
    assert 'bucket{le="+Inf",method="GET",route="/x",status="200"} 4.0' in text
    assert 'count{method="GET",route="/x",status="200"} 4.0' in text
    assert 'sum{method="GET",route="/x",status="200"} 99.0035' in text


def test_features_register_their_own_figures() -> None:
    metrics = Metrics()
    metrics.counter("alarms_late", "Alarms found late").inc(3)
    metrics.gauge("sweep_age_seconds", "Age of the last sweep").set(1.5)
    text = metrics.text().decode()
    assert "shixian_alarms_late_total 3.0" in text
    assert "shixian_sweep_age_seconds 1.5" in text


def test_two_services_in_one_process_do_not_share_figures() -> None:
    first, second = Metrics(), Metrics()
    first.counter("x", "x").inc()
    assert second.counter("x", "x") is not None
    assert "shixian_x_total 0.0" in second.text().decode()


def test_made_up_methods_make_no_figures_without_end() -> None:
    metrics = Metrics()
    for number in range(100):
        metrics.count_request(f"M{number}", "unmatched", 405, 0.0)
    assert metrics.text().count(b"_count{") == 1

"""The first page: one field that forgives, and says what is wrong when it cannot."""

import httpx2
import pytest

NUMBER = "Q0QJ-WRBA-61TW-PZ"


async def test_the_first_page_asks_for_the_number(client: httpx2.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'name="number"' in page.text
    assert len(page.content) < 100_000


@pytest.mark.parametrize("typed", [NUMBER, "q0qj wrba 61tw pz", "QOQJWRBA6LTWPZ", " Q0QJ-WRBA-61TW-PZ "])
async def test_a_number_typed_carelessly_leads_to_its_page(client: httpx2.AsyncClient, typed: str) -> None:
    answer = await client.post("/", data={"number": typed})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/track/{NUMBER}")


@pytest.mark.parametrize("typed", ["", "   ", "Q0QJ-WRBA-61TW-PX", "<script>alert(1)</script>", "\x00", "x" * 5000])
async def test_a_wrong_number_keeps_what_was_typed_and_says_so_beside_the_field(
    client: httpx2.AsyncClient, typed: str
) -> None:
    answer = await client.post("/", data={"number": typed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "<script>alert" not in answer.text


async def test_a_body_that_is_no_form_is_an_empty_one(client: httpx2.AsyncClient) -> None:
    for body in (b"\xff\xfe", b"number", b"&" * 1000, b"a=1" * 9000):
        assert (await client.post("/", content=body)).status_code == 422

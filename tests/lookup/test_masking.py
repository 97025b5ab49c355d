"""Numbers that name a person are struck out of public texts, wherever somebody wrote them."""

import pytest

from app.lookup.masking import mask


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("请电话 13812345678 联系", "请电话 138****5678 联系"),
        ("电话138-1234-5678。", "电话138****5678。"),
        ("身份证11010519491231002X", "身份证1101************2X"),
        ("１３８１２３４５６７８", "１３８****５６７８"),
        ("旧证 110105491231002", "旧证 1101*********02"),
        ("卡号 6222020200112233445", "卡号 ***************3445"),
        ("发到 zhang.san@example.org", "发到 z***@example.org"),
    ],
)
def test_a_personal_number_is_struck_out(said: str, shown: str) -> None:
    assert mask(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "专家评审会推迟到 11 月 10 日。",
        "统一社会信用代码 91350100M000100Y43",
        "国办发明电〔2025〕7号",
        "0371-65900000",
        "共 20261102 份",
        "",
    ],
)
def test_what_names_no_person_stays(said: str) -> None:
    assert mask(said) == said

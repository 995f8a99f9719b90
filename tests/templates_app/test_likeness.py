"""Texts that are the same or similar, by what an index can find."""

from __future__ import annotations

import pytest

from templates_app import likeness

TEXT = "尊敬的${1}，您本月的账单${2}元已出，请按时缴费，谢谢。"


@pytest.mark.parametrize(
    "other",
    [
        "尊敬的${TXT_20},您本月的账单${NUM_6}元已出,请按时缴费,谢谢!",
        " 尊敬的 ${1} ， 您本月的账单 ${2} 元 已出 ， 请按时缴费 ， 谢谢 ",
        "【尊敬的】${1}您本月的账单${2}元已出请按时缴费谢谢",
    ],
)
def test_the_same_but_for_dress(other):
    assert likeness.fingerprint(other) == likeness.fingerprint(TEXT)
    assert likeness.bands(other) == likeness.bands(TEXT) and likeness.share(other, TEXT) == 1


def test_width_and_case_are_dress():
    assert likeness.fingerprint("Ｈｅｌｌｏ, World") == likeness.fingerprint("HELLO world")


def test_other_words_are_other_texts():
    assert likeness.fingerprint(TEXT) != likeness.fingerprint(TEXT.replace("缴费", "还款"))


@pytest.mark.parametrize("text", ["", "${1}", " ，。!", "★"])
def test_without_words_there_is_nothing_to_be_like(text):
    assert likeness.fingerprint(text) == "" and likeness.bands(text) == [] and likeness.share(text, TEXT) == 0


@pytest.mark.parametrize(
    "other", [TEXT.replace("谢谢", "感谢您的支持"), TEXT.replace("本月", "上月"), TEXT + "如有疑问请致电客服。"]
)
def test_near_ones_share_a_band(other):
    assert likeness.share(other, TEXT) > 0.5 and set(likeness.bands(other)) & set(likeness.bands(TEXT))


def test_far_ones_share_none():
    other = "您的快递已到东湖店自提点，请凭取件码领取包裹，过期退回。"
    assert not set(likeness.bands(other)) & set(likeness.bands(TEXT))


def test_bands_are_the_same_for_all_time():
    """They are kept in the database: numbers that change would find nothing any more."""
    assert likeness.bands("缴费")[:3] == [-103661339, -658997093, 195282113]
    assert len(likeness.bands(TEXT)) == likeness.BANDS and all(
        -(2**31) <= band < 2**31 for band in likeness.bands(TEXT)
    )

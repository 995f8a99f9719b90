import pytest
from django.utils import translation

from console.lib import countries


@pytest.mark.parametrize(("language", "china", "germany"), [("en", "China", "Germany"), ("zh-hans", "中国", "德国")])
def test_named_in_the_readers_language_with_china_first(language, china, germany):
    with translation.override(language):
        names = dict(countries.choices())
        assert countries.choices()[0] == ("CN", china)
        assert names["DE"] == countries.name("DE") == germany


def test_only_countries_and_regions_are_offered():
    codes = dict(countries.choices())
    assert {"HK", "MO", "TW", "SG", "US"} <= set(codes)
    assert not {"EU", "ZZ", "XA", "UN"} & set(codes)
    assert countries.name("<b>") == "<b>", "what is not known stays as it is"

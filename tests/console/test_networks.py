import pytest

from console.lib import networks


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("203.0.113.7", ["203.0.113.7/32"]),
        ("203.0.113.0/24\r\n198.51.100.4", ["203.0.113.0/24", "198.51.100.4/32"]),
        ("203.0.113.7, 203.0.113.7/32;203.0.113.7", ["203.0.113.7/32"]),
        ("2001:DB8::/48，2001:db8:0:0::/48", ["2001:db8::/48"]),
        ("10.0.0.0/255.0.0.0", ["10.0.0.0/8"]),
        ("::ffff:203.0.113.7", ["203.0.113.7/32"]),
        ("::ffff:203.0.113.0/120", ["203.0.113.0/24"]),
        (" \n , ", []),
    ],
)
def test_what_is_typed_is_kept_in_one_form(typed, kept):
    assert networks.parse(typed) == networks.Parsed(kept, [])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("203.0.113.5/24", "Write 203.0.113.0/24 or 203.0.113.5."),
        ("2001:db8::1/48", "Write 2001:db8::/48 or 2001:db8::1."),
        ("0.0.0.0/0", "Leave the list empty"),
        ("::/0", "Leave the list empty"),
        ("::ffff:0:0/96", "Leave the list empty"),
        ("203.0.113.7/0", "Leave the list empty"),
        ("203.0.113.256", "is no address"),
        ("203.0.113.07", "is no address"),
        ("203.0.113.0/33", "is no address"),
        ("203.0.113", "is no address"),
        ("fe80::1%eth0", "is no address"),
        ("sms.example.com", "is no address"),
        ("<script>alert(1)</script>", "is no address"),
        ("1" * 300, "is no address"),
    ],
)
def test_what_cannot_be_kept_says_why(typed, says):
    parsed = networks.parse(f"198.51.100.1 {typed}")
    assert parsed.networks == ["198.51.100.1/32"]
    assert len(parsed.faults) == 1 and says in parsed.faults[0] and len(parsed.faults[0]) < 200


def test_a_hundred_networks_and_no_more():
    many = [f"10.0.{n}.0/24" for n in range(networks.MOST)]
    assert networks.parse("\n".join(many)).faults == []
    assert "at most 100" in networks.parse("\n".join([*many, "10.1.0.0/24"])).faults[0]


def test_what_is_covered_already_is_pointed_out():
    listed = networks.parse("10.0.0.0/8 10.1.0.0/16 192.0.2.1 2001:db8::/32 2001:db8::1 11.0.0.0/8").networks
    assert networks.overlaps(listed) == [("10.0.0.0/8", "10.1.0.0/16"), ("2001:db8::/32", "2001:db8::1")]


@pytest.mark.parametrize(
    ("listed", "address", "may"),
    [
        ([], "198.51.100.1", True),
        (["203.0.113.0/24"], "203.0.113.255", True),
        (["203.0.113.0/24"], "203.0.114.0", False),
        (["203.0.113.7/32"], "::ffff:203.0.113.7", True),
        (["203.0.113.7/32"], "::ffff:203.0.113.8", False),
        (["2001:db8::/48"], "2001:DB8:0:1::5", True),
        (["2001:db8::/48"], "2001:db8:1::", False),
        (["2001:db8::/48"], "203.0.113.7", False),
        (["fe80::/64"], "fe80::1%eth0", True),
        (["203.0.113.0/24"], "", False),
        (["203.0.113.0/24"], "unix:", False),
    ],
)
def test_who_may_call(listed, address, may):
    assert networks.allows(listed, address) is may

import pytest

from console.lib import callbacks


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://sms.example.com/reports", "https://sms.example.com/reports"),
        ("  HTTPS://SMS.Example.COM./Reports?a=B ", "https://sms.example.com/Reports?a=B"),
        ("https://sms.example.com:8443/", "https://sms.example.com:8443/"),
        ("https://sms.example.com:443", "https://sms.example.com:443"),
        ("https://例子.中国/回", None),
        ("https://例子.中国/x", "https://xn--fsqu00a.xn--fiqs8s/x"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700::1111]:8443/x", "https://[2606:4700::1111]:8443/x"),
    ],
)
def test_addresses_that_are_called(typed, kept):
    if kept is None:
        with pytest.raises(callbacks.Refused, match="percent-encoded"):
            callbacks.check(typed, demo=False)
    else:
        assert callbacks.check(typed, demo=False) == kept
        assert callbacks.check(kept, demo=False) == kept


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("http://sms.example.com/", "Only https"),
        ("ftp://sms.example.com/", "beginning with https"),
        ("sms.example.com/reports", "beginning with https"),
        ("//sms.example.com/", "beginning with https"),
        ("https:///reports", "beginning with https"),
        ("javascript:alert(1)", "beginning with https"),
        ("https://me:secret@sms.example.com/", "user name"),
        ("https://sms.example.com@127.0.0.1/", "user name"),
        ("https://sms.example.com:80/", "ports 443 and 8443"),
        ("https://sms.example.com:0/", "ports 443 and 8443"),
        ("https://sms.example.com:99999/", "no address"),
        ("https://sms.example.com:x/", "no address"),
        ("https://sms.example.com/#top", "#"),
        ("https://sms.example.com/a b", "percent-encoded"),
        ("https://sms.exa\tmple.com/", "percent-encoded"),
        ("https://sms.example.com\\@evil.example/", "percent-encoded"),
        ("https://sms.example.com/\x00", "percent-encoded"),
        ("https://" + "a" * 500 + ".example.com/", "longer than 500"),
        ("https://" + "a" * 64 + ".example.com/", "no host name"),
        ("https://-sms.example.com/", "no host name"),
        ("https://sms_1.example.com/", "no host name"),
        ("https://a..example.com/", "no host name"),
        ("https://localhost/", "inside a network"),
        ("https://intranet/", "inside a network"),
        ("https://db.internal/", "inside a network"),
        ("https://printer.local/", "inside a network"),
        ("https://127.0.0.1/", "cannot be reached"),
        ("https://10.1.2.3/", "cannot be reached"),
        ("https://100.64.0.1/", "cannot be reached"),
        ("https://169.254.169.254/latest/", "cannot be reached"),
        ("https://198.18.0.1/", "cannot be reached"),
        ("https://0.0.0.0/", "cannot be reached"),
        ("https://224.0.0.1/", "cannot be reached"),
        ("https://255.255.255.255/", "cannot be reached"),
        ("https://[::1]/", "cannot be reached"),
        ("https://[::]/", "cannot be reached"),
        ("https://[fe80::1]/", "cannot be reached"),
        ("https://[fd00::1]/", "cannot be reached"),
        ("https://[fec0::1]/", "cannot be reached"),
        ("https://192.0.0.8/", "cannot be reached"),
        ("https://192.88.99.1/", "cannot be reached"),
        ("https://[::ffff:127.0.0.1]/", "cannot be reached"),
        ("https://[64:ff9b::7f00:1]/", "cannot be reached"),
        ("https://[2002:7f00:1::]/", "cannot be reached"),
        ("https://2130706433/", "no address"),
        ("https://0177.0.0.1/", "no address"),
        ("https://0x7f.1/", "no address"),
        ("https://127.1/", "no address"),
        ("https://sms.example.123/", "no address"),
        ("https://[::1", "no address"),
    ],
)
def test_addresses_that_are_refused(typed, says):
    with pytest.raises(callbacks.Refused) as refused:
        callbacks.check(typed, demo=False)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9000/hook", "http://localhost:9000/", "http://[::1]:9000/", "https://localhost/"]
)
def test_a_receiver_on_this_machine_in_the_demo_only(address):
    assert callbacks.check(address, demo=True) == address
    with pytest.raises(callbacks.Refused):
        callbacks.check(address, demo=False)


@pytest.mark.parametrize("address", ["http://10.0.0.1/", "http://192.168.1.5:9000/", "https://169.254.169.254/"])
def test_the_demo_calls_no_other_machine_of_the_network(address):
    with pytest.raises(callbacks.Refused):
        callbacks.check(address, demo=True)

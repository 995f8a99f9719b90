import pytest

from accounts.demo import PASSWORD, people_and_application, sign_ins
from accounts.models import Application
from console.lib.errors import NotAllowed
from tests import make

pytestmark = pytest.mark.django_db


def test_secret_is_shown_once(alice, sign_in):
    client = sign_in(alice)
    response = client.post("/cn/applications/new/", {"name": "会员服务"}, follow=True)
    made = Application.objects.get(name="会员服务")
    assert (made.enterprise, made.created_by, made.region) == (alice.enterprise, alice, "cn")
    assert made.reveal_secret() in response.content.decode()
    again = client.get(f"/cn/applications/{made.pk}/")
    assert made.reveal_secret() not in again.content.decode()
    assert made.key in again.content.decode()


@pytest.mark.parametrize("name", ["", "two words", "x" * 65])
def test_bad_name_stands_at_its_field(alice, sign_in, name):
    response = sign_in(alice).post("/cn/applications/new/", {"name": name})
    assert response.status_code == 422
    assert 'id="id_name-error"' in response.content.decode()


def test_name_is_unique_in_the_enterprise_only(alice, mallory, sign_in):
    make.application(by=mallory, name="same")
    assert sign_in(alice).post("/cn/applications/new/", {"name": "same"}).status_code == 302
    response = sign_in(alice).post("/intl/applications/new/", {"name": "same"})
    assert "You already have an application with this name." in response.content.decode()


def test_another_enterprise_finds_nothing(alice, mallory, sign_in):
    made = make.application(by=alice)
    assert sign_in(mallory).get(f"/cn/applications/{made.pk}/").status_code == 404
    assert made.name not in sign_in(mallory).get("/cn/applications/").content.decode()


def test_region_is_part_of_the_address(alice, sign_in):
    made = make.application(by=alice)
    assert sign_in(alice).get(f"/intl/applications/{made.pk}/").status_code == 404


def test_viewer_looks_and_does_not_add(victor, sign_in):
    client = sign_in(victor)
    assert client.get("/cn/applications/").status_code == 200
    assert client.post("/cn/applications/new/", {"name": "mine"}).status_code == 403
    assert not Application.objects.exists()


def test_demo_people_are_made_once():
    first, second = people_and_application(), people_and_application()
    assert first == second
    assert first["application"].reveal_secret() == second["application"].reveal_secret()
    assert len(PASSWORD) >= 10
    assert {row["email"] for row in sign_ins()} >= {"wang.lan@qinghe.example", "lin.yue@console.example"}


def test_demo_is_refused_in_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(NotAllowed):
        people_and_application()

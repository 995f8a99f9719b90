"""The pages of templates: the list and its filters, one template and its versions, and what is done from there."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ReviewState
from accounts.models.application import Region
from templates_app import drafts, template_deeds
from templates_app.models import MessageTemplate, MessageType, TemplateVersion
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(alice, sign_in):
    return sign_in(alice)


def named(version: TemplateVersion, name: str, **fields) -> TemplateVersion:
    MessageTemplate.objects.filter(pk=version.template_id).update(name=name, **fields)
    version.template.refresh_from_db()
    return version


def listed(client, query: str = "", region: str = "cn") -> list[str]:
    answer = client.get(f"/{region}/templates/{query}")
    assert answer.status_code == 200
    return re.findall(rf'/{region}/templates/\d+/">(\w+)<', answer.content.decode())


def text(answer) -> str:
    return answer.content.decode()


def test_one_whose_only_draft_is_being_discarded_is_not_found(alice, client):
    version = make.template(by=alice, approved=False)
    TemplateVersion.objects.filter(pk=version.pk).delete()
    assert client.get(f"/cn/templates/{version.template_id}/").status_code == 404


def test_filters(alice, client):
    code = make.template(
        by=alice, type=MessageType.VERIFICATION, text="您的验证码为${1}。", variables=make.VARIABLES[:1], approved=False
    )
    named(code, "Code", created_at=datetime(2026, 1, 5, 4, tzinfo=UTC))
    plain = named(make.template(by=alice, text="您的包裹已送达。", variables=[], approved=None), "Plain")
    both = named(make.template(by=alice), "Both")
    drafts.new_version(both.template, by=alice)
    signature = both.template.signature
    assert signature
    draft = drafts.Draft("Any", "notification", both.template.application, None, "Text", [], "Often", universal=True)
    drafts.save_draft(draft, by=alice)
    for query, names in {
        "": {"Code", "Plain", "Both", "Any"},
        "?name=la": {"Plain"},
        "?type=verification": {"Code"},
        "?state=rejected": {"Code"},
        "?state=draft": {"Both", "Any"},
        "?state=approved": {"Both"},
        f"?application={both.template.application_id}": {"Both", "Any"},
        f"?signature={signature.name}": {"Both"},
        f"?signature=【{signature.name}】": {"Both"},
        f"?id={plain.template.public_id}": {"Plain"},
        f"?id={str(plain.template.public_id)[:8]}": {"Plain"},
        f"?id={plain.template.public_id.hex}": {"Plain"},
        "?variables=yes": {"Code", "Both"},
        "?variables=no": {"Plain", "Any"},
        "?universal=yes": {"Any"},
        "?until=2026-01-05": {"Code"},
        "?since=2026-01-06": {"Plain", "Both", "Any"},
        "?until=nonsense&type=nonsense&application=nonsense&variables=2&state=9": {"Code", "Plain", "Both", "Any"},
        "?name=la&type=verification": set(),
    }.items():
        assert set(listed(client, query)) == names, query


def test_a_filter_that_hides_everything_says_so(alice, client):
    assert "No template yet" in text(client.get("/cn/templates/"))
    make.template(by=alice)
    page = text(client.get("/cn/templates/?name=nothing"))
    assert "No template fits this filter" in page and "Clear the filter" in page


def test_both_regions_have_lists_of_their_own(alice, client):
    named(make.template(by=alice), "Inland")
    named(make.template(by=alice, region=Region.INTERNATIONAL), "Abroad")
    assert (listed(client), listed(client, region="intl")) == (["Inland"], ["Abroad"])
    page = text(client.get("/intl/templates/"))
    assert 'name="signature"' not in page and 'name="universal"' not in page


def test_paging_goes_on_where_it_stopped(alice, client):
    app = make.application(by=alice, region=Region.INTERNATIONAL)
    home = make.home(alice)
    made = MessageTemplate.objects.bulk_create(
        MessageTemplate(enterprise=home, application=app, name=f"T{i:03}", type="notification", created_by=alice)
        for i in range(53)
    )
    TemplateVersion.objects.bulk_create(
        TemplateVersion(enterprise=home, template=template, number=1, text="Hello", purpose="Often")
        for template in made
    )
    first = text(client.get("/intl/templates/?sort=name&type=notification"))
    assert first.count('name="template"') == 50
    [after] = re.findall(r"after=(T\d+)", first)
    assert listed(client, f"?sort=name&after={after}", region="intl") == ["T050", "T051", "T052"]


def test_list_costs_the_same_for_twenty_as_for_two(alice, client):
    def cost() -> int:
        client.get("/cn/templates/")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/cn/templates/")
        return len(queries)

    signature = make.signature(by=alice)
    for _ in range(2):
        make.template(by=alice, sign=signature, approved=None)
    before = cost()
    for _ in range(18):
        make.template(by=alice, sign=signature, approved=None)
    assert cost() == before


def test_one_template_with_all_its_facts(alice, client):
    version = make.template(by=alice)
    template = version.template
    page = text(client.get(f"/cn/templates/{template.pk}/"))
    for shown in (str(template.public_id), template.application.name, str(template.signature), "Sent to members",
                  "【】", "Name 姓名", "Approved", f"?like={template.pk}"):  # fmt: skip
        assert shown in page, shown
    assert f'data-copy="{template.public_id}"' in page
    assert f"/cn/templates/{template.pk}/disable/" in page and f"/cn/templates/{template.pk}/delete/" in page
    assert "jobs that use it and are not finished stand still" in page


def test_older_variables_are_shown_as_they_are_written(alice, client):
    old = [{"name": "1", "kind": "TXT", "longest": 8, "meaning": "Name", "example": "王女士"}]
    version = make.template(by=alice, text="尊敬的${TXT_8}，您的包裹已送达。", variables=old)
    page = text(client.get(f"/cn/templates/{version.template_id}/"))
    assert "${TXT_8}" in page and "${1}" not in page


def test_an_international_one_names_its_countries(alice, client):
    version = make.template(by=alice, region=Region.INTERNATIONAL, text="Hello", variables=[], approved=None)
    page = text(client.get(f"/intl/templates/{version.template_id}/"))
    assert "Countries or regions" in page and "Not said" in page and "Brackets" not in page


def test_deactivated_cannot_be_restored(alice, client):
    version = make.template(by=alice)
    version.move(ReviewState.INACTIVE, by=make.administrator(), reason="The carrier forbids it.")
    page = text(client.get(f"/cn/templates/{version.template_id}/"))
    assert "It cannot be restored." in page and "Write a new version" in page and "The carrier forbids it." in page


def test_versions_are_compared_both_ways(alice, client):
    first = make.template(by=alice)
    second = drafts.new_version(first.template, by=alice)
    changed = [make.VARIABLES[0], make.VARIABLES[1] | {"longest": 9}]
    TemplateVersion.objects.filter(pk=second.pk).update(text=make.TEXT.replace("本月", "今年"), variables=changed)
    url = f"/cn/templates/{first.template_id}/"
    page = text(client.get(f"{url}?version=2&compare=1"))
    assert '<del class="del">本月</del><ins class="ins">今年</ins>' in page
    assert '<del class="del">20</del><ins class="ins">9</ins>' in page
    assert "“When is it sent” is the same." in page
    back = text(client.get(f"{url}?version=1&compare=2"))
    assert '<del class="del">今年</del><ins class="ins">本月</ins>' in back
    for query in ("?version=2&compare=2", "?compare=9", "?version=x&compare=y", "?version=" + "9" * 5000):
        assert "Underlined: new." not in text(client.get(url + query)), query


def test_deeds_by_post_and_once_more(alice, client):
    version = make.template(by=alice)
    url = f"/cn/templates/{version.template_id}/"
    for _ in range(2):
        assert client.post(f"{url}disable/").url == url
    version.refresh_from_db()
    assert version.review_state == ReviewState.DISABLED
    assert client.post(f"{url}delete/").url == "/cn/templates/"
    assert "is deleted; its name is free again" in text(client.get("/cn/templates/"))
    assert client.post(f"{url}delete/").url == "/cn/templates/"  # the other tab
    assert "deleted already" in text(client.get("/cn/templates/"))
    assert client.get(url).status_code == 404


def test_sent_in_from_its_page(alice, client):
    version = drafts.new_version(make.template(by=alice).template, by=alice)
    url = f"/cn/templates/{version.template_id}/"
    for _ in range(2):
        assert client.post(f"/templates/versions/{version.pk}/submit/").url == url
    version.refresh_from_db()
    assert version.review_state == ReviewState.IN_REVIEW
    assert "Load the page again" in text(client.get(url))  # the second one


def test_renamed_and_refused_at_the_field(alice, client):
    version, other = make.template(by=alice), named(make.template(by=alice), "Taken")
    url = f"/cn/templates/{version.template_id}/rename/"
    for name in ("", "Taken", "x" * 31, "a\u202eb"):
        answer = client.post(url, {"name": name})
        assert answer.status_code == 422 and "id_name-error" in text(answer), name
    assert client.post(url, {"name": "Points_02"}).url == f"/cn/templates/{version.template_id}/"
    assert listed(client, "?sort=name") == ["Points_02", "Taken"]
    assert other.template.name == "Taken"


def test_many_are_asked_about_then_deleted(alice, mallory, client):
    good, pending = named(make.template(by=alice), "Good"), named(make.template(by=alice, approved=None), "Pending")
    foreign = named(make.template(by=mallory), "Foreign")
    chosen = [good.template_id, pending.template_id, foreign.template_id]
    asked = text(client.post("/cn/templates/delete/", {"template": chosen}))
    assert "Delete 2 templates?" in asked and "Good" in asked and "Foreign" not in asked
    assert MessageTemplate.objects.visible_to(alice).count() == 2
    done = client.post("/cn/templates/delete/", {"template": chosen, "confirmed": "1"})
    assert done.status_code == 200
    page = text(done)
    assert "1 template is deleted" in page and "2 are not" in page and "Withdraw it first" in page
    assert "Foreign" not in page
    assert listed(client) == ["Pending"]
    assert "No such template" in page


@pytest.mark.parametrize("confirmed", ["", "1"])
def test_fifty_one_are_refused(alice, client, confirmed):
    version = make.template(by=alice)
    chosen = [version.template_id, *range(10**12, 10**12 + 50)]
    answer = client.post("/cn/templates/delete/", {"template": chosen, "confirmed": confirmed})
    assert answer.status_code == 422 and "51 templates" in text(answer)
    none = client.post("/cn/templates/delete/", {"template": ["x", "9" * 40], "confirmed": confirmed})
    assert none.status_code == 422 and "Choose the templates" in text(none)
    assert MessageTemplate.objects.visible_to(alice).count() == 1


FOREIGN = [
    ("get", ""), ("get", "rename/"), ("post", "rename/"), ("post", "disable/"), ("post", "delete/"),
    ("post", "new-version/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "deed"), FOREIGN)
def test_foreign_ones_and_those_of_the_other_region_are_never_found(alice, mallory, sign_in, method, deed):
    version = make.template(by=alice)
    before = TemplateVersion.objects.values_list("review_state", "removed_at").get()
    assert getattr(sign_in(mallory), method)(f"/cn/templates/{version.template_id}/{deed}").status_code == 404
    assert getattr(sign_in(alice), method)(f"/intl/templates/{version.template_id}/{deed}").status_code == 404
    assert TemplateVersion.objects.values_list("review_state", "removed_at").get() == before


def test_a_viewer_finds_no_way_to_change_anything(alice, victor, sign_in):
    version = make.template(by=alice)
    client = sign_in(victor)
    url = f"/cn/templates/{version.template_id}/"
    for page in (text(client.get(url)), text(client.get("/cn/templates/"))):
        for word in ("disable/", "delete/", "rename/", "new-version/", "/import/", 'name="template"'):
            assert word not in page, word
    for deed in ("disable", "delete", "rename", "new-version"):
        assert client.post(f"{url}{deed}/").status_code == 403
    assert client.post("/cn/templates/delete/", {"template": version.template_id, "confirmed": "1"}).status_code == 403


def test_the_platforms_own_has_no_box_and_no_deeds(alice, client):
    from templates_app import trial_kit

    app = make.application(by=alice)
    trial_kit.add(app, by=alice)
    template = MessageTemplate.objects.get(application=app)
    assert 'name="template"' not in text(client.get("/cn/templates/"))
    assert "More to do" not in text(client.get(f"/cn/templates/{template.pk}/"))
    assert not template_deeds.allowed(template, list(template.versions.all()))

import re

import pytest

from accounts.models import ReviewState, Role
from accounts.models.application import Region
from sending.states import JobStatus
from templates_app import drafts
from templates_app.demo import signature_and_template
from templates_app.models import MessageTemplate, TemplateVersion
from tests import make

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def signature(alice):
    return make.signature(by=alice)


@pytest.fixture
def fields(signature):
    return {
        "name": "Points_01",
        "type": "notification",
        "application": signature.application_id,
        "signature": signature.pk,
        "text": "尊敬的${1}，您消费${2}元。",
        "kind-1": "TEXT",
        "longest-1": "10",
        "meaning-1": "Name",
        "example-1": "王岚",
        "kind-2": "MONEY",
        "longest-2": "8",
        "example-2": "99.50",
        "purpose": "Each month",
        "action": "submit",
    }


def post(client, fields, **changes):
    return client.post("/cn/templates/new/", fields | changes)


def errors(response):
    return set(re.findall(r'id="([\w-]+-error|fault-[\w-]+)"', response.content.decode()))


def test_template_is_written_and_sent_in(alice, sign_in, fields):
    response = post(sign_in(alice), fields)
    version = TemplateVersion.objects.get()
    assert response.url == f"/cn/templates/{version.template_id}/"
    assert (version.review_state, version.submitted_by) == ("in_review", alice)
    assert [(v.kind, v.longest, v.example) for v in version.typed_variables] == [
        ("TEXT", 10, "王岚"),
        ("MONEY", 8, "99.50"),
    ]


def test_faults_stand_at_their_fields_and_nothing_is_saved(alice, sign_in, fields):
    wrong = {"text": "【清禾】${1}${2}", "meaning-1": "", "longest-2": "21", "signature": "", "purpose": ""}
    response = post(sign_in(alice), fields, **wrong)
    assert response.status_code == 422
    assert errors(response) == {
        "id_text-error",
        "id_signature-error",
        "id_purpose-error",
        "fault-meaning-1",
        "fault-longest-2",
    }
    assert not TemplateVersion.objects.exists()


def test_draft_may_have_gaps(alice, sign_in, fields):
    response = post(sign_in(alice), fields, text="${1}${2}", purpose="", action="save")
    version = TemplateVersion.objects.get()
    assert response.url == f"/cn/templates/versions/{version.pk}/"
    assert version.review_state == ReviewState.DRAFT


def test_sent_twice_there_is_one(alice, sign_in, fields):
    client = sign_in(alice)
    post(client, fields)
    assert "You already have a template with this name." in post(client, fields).content.decode()
    assert TemplateVersion.objects.count() == 1


def test_two_windows_on_one_draft(alice, sign_in, fields):
    client = sign_in(alice)
    url = post(client, fields, action="save").url
    [seen] = re.findall(r'name="seen" value="(\w+)"', client.get(url).content.decode())
    assert client.post(url, fields | {"action": "save", "seen": seen, "purpose": "First"}).status_code == 302
    late = client.post(url, fields | {"action": "save", "seen": seen, "purpose": "Second"})
    assert "saved in another window" in late.content.decode()
    assert "Second" in late.content.decode()  # what was typed is not lost
    assert TemplateVersion.objects.get().purpose == "First"


def test_preview_answers_with_parts_and_no_errors(alice, sign_in, fields):
    preview = {"action": "preview", "name": "", "text": "订单${1}已发货"}
    response = sign_in(alice).post("/cn/templates/new/", fields | preview, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in page
    assert "<mark>王岚</mark>" in page
    assert "【清禾会员】" in page
    assert errors(response) == set()
    assert 'id="live-variables"' in page


def test_without_scripts_a_variable_is_put_at_the_end(alice, sign_in, fields):
    posted = {key: value for key, value in fields.items() if key != "action"} | {"insert": "MONEY", "text": "共${1}和"}
    page = sign_in(alice).post("/cn/templates/new/", posted).content.decode()
    assert "共${1}和${2}</textarea>" in page
    assert 'name="kind-2"' in page


def test_line_breaks_count_once(alice, sign_in, fields):
    post(sign_in(alice), fields, text="第一行\r\n${1}消费${2}元")
    assert TemplateVersion.objects.get().text == "第一行\n${1}消费${2}元"


def test_international_template_has_no_signature(alice, sign_in, fields):
    app = make.application(by=alice, region=Region.INTERNATIONAL)
    changed = fields | {"application": app.pk, "text": "Dear ${1}, you paid ${2} dollars.", "countries": ["SG", "US"]}
    assert sign_in(alice).post("/intl/templates/new/", changed).status_code == 302
    template = MessageTemplate.objects.get()
    assert (template.signature, template.countries) == (None, ["SG", "US"])


def test_foreign_application_and_signature_cannot_be_chosen(mallory, sign_in, fields):
    response = post(sign_in(mallory), fields)
    assert {"id_application-error", "id_signature-error"} <= errors(response)


def test_rejected_is_shown_with_its_reason_and_written_anew(alice, sign_in):
    version = make.template(by=alice, approved=False)
    client = sign_in(alice)
    page = client.get(f"/cn/templates/{version.template_id}/").content.decode()
    assert "Not about your company." in page
    response = client.post(f"/cn/templates/{version.template_id}/new-version/")
    newest = TemplateVersion.objects.get(number=2)
    assert response.url == f"/cn/templates/versions/{newest.pk}/"
    assert version.text in client.get(response.url).content.decode()


def test_withdraw_and_discard_by_post(alice, sign_in):
    version = make.template(by=alice, approved=None)
    client = sign_in(alice)
    client.post(f"/templates/versions/{version.pk}/withdraw/")
    version.refresh_from_db()
    assert version.review_state == ReviewState.WITHDRAWN
    late = client.post(f"/templates/versions/{version.pk}/withdraw/", follow=True).content.decode()
    assert "somebody has changed it meanwhile" in late
    draft = drafts.new_version(version.template, by=alice)
    client.post(f"/templates/versions/{draft.pk}/discard/")
    assert TemplateVersion.objects.get() == version


FOREIGN = [
    ("get", "/cn/templates/{t}/"),
    ("post", "/cn/templates/{t}/new-version/"),
    ("get", "/cn/templates/versions/{v}/"),
    ("post", "/templates/versions/{v}/withdraw/"),
    ("post", "/templates/versions/{v}/discard/"),
    ("get", "/cn/signatures/{s}/"),
    ("post", "/cn/signatures/{s}/withdraw/"),
]


@pytest.mark.parametrize(("method", "url"), FOREIGN)
def test_another_enterprise_finds_nothing(alice, mallory, sign_in, method, url):
    version = make.template(by=alice)
    path = url.format(t=version.template_id, v=version.pk, s=version.template.signature_id)
    assert getattr(sign_in(mallory), method)(path).status_code == 404


@pytest.mark.parametrize(
    "url", [url for method, url in FOREIGN if method == "post"] + ["/cn/templates/new/", "/cn/signatures/new/"]
)
def test_viewer_may_not_change(alice, victor, sign_in, url):
    version = make.template(by=alice, approved=None)
    path = url.format(t=version.template_id, v=version.pk, s=version.template.signature_id)
    assert sign_in(victor).post(path).status_code == 403
    version.refresh_from_db()
    assert version.review_state == ReviewState.IN_REVIEW


def test_viewer_looks(alice, victor, sign_in):
    version = make.template(by=alice)
    client = sign_in(victor)
    for url in ("/cn/templates/", f"/cn/templates/{version.template_id}/", "/cn/signatures/"):
        page = client.get(url)
        assert page.status_code == 200
        assert "Write a new version" not in page.content.decode()


def test_list_filters_sorts_and_pages(alice, sign_in, django_assert_num_queries):
    for name in ("Beta", "Alpha"):
        version = make.template(by=alice, approved=name == "Beta")
        MessageTemplate.objects.filter(pk=version.template_id).update(name=name)
    client = sign_in(alice)

    def names(query):
        return re.findall(r"/cn/templates/\d+/\">(\w+)<", client.get(f"/cn/templates/{query}").content.decode())

    assert names("") == ["Alpha", "Beta"]
    assert names("?sort=-name") == ["Beta", "Alpha"]
    assert names("?state=approved") == ["Beta"]
    assert names("?name=alp") == ["Alpha"]
    assert names("?name=none") == []
    assert names("?after=nonsense&sort=nonsense") == ["Alpha", "Beta"]
    assert names("?state=nonsense") == ["Alpha", "Beta"]


@pytest.mark.parametrize("value", ["%00", "nonsense", "9" * 5000, "9" * 18, "%C2%B2", ""])
@pytest.mark.parametrize("sort", ["%00", "name", "created"])
def test_whatever_a_list_is_asked_it_answers(alice, bob, sign_in, value, sort):
    job = make.job(by=alice)
    names = ("state", "status", "template", "name", "q", "after", "show", "before", "row", "version")
    query = "&".join(f"{name}={value}" for name in names)
    client = sign_in(alice)
    for url in ("/jobs/", f"/jobs/{job.pk}/", "/cn/templates/", "/cn/signatures/", "/cn/applications/", "/"):
        assert client.get(f"{url}?{query}&sort={sort}").status_code == 200, url
    assert sign_in(bob).get(f"/reviews/?{query}").status_code == 200


def test_every_page_names_the_zone_once(alice, bob, sign_in):
    version = make.template(by=alice)
    template = version.template
    urls = ["/", "/jobs/", "/jobs/new/", "/cn/templates/", "/cn/signatures/", "/cn/applications/", "/cn/templates/new/"]
    urls += [f"/cn/templates/{template.pk}/", f"/cn/signatures/{template.signature_id}/"]
    for status in JobStatus:
        urls.append(f"/jobs/{make.job(by=alice, version=version, status=status).pk}/")
    for url in urls:
        assert sign_in(alice).get(url).content.decode().count("China Standard Time") == 1, url
    for url in ("/", "/reviews/", f"/reviews/template/{version.pk}/"):
        assert sign_in(bob).get(url).content.decode().count("China Standard Time") == 1, url


def test_list_costs_the_same_for_many(alice, sign_in, django_assert_max_num_queries):
    for _ in range(8):
        make.template(by=alice)
    client = sign_in(alice)
    client.get("/cn/templates/")  # the first request of a session enters it into the list of sessions
    for url in ("/cn/templates/", "/cn/signatures/", "/cn/applications/"):
        with django_assert_max_num_queries(6):
            client.get(url)


def test_reviewer_decides_on_the_bench(alice, bob, carol, sign_in):
    version = make.template(by=alice, approved=None)
    url = f"/reviews/template/{version.pk}/"
    client = sign_in(bob)
    assert version.template.name in client.get("/reviews/").content.decode()
    assert "<mark>王女士</mark>" in client.get(url).content.decode()
    assert "id_said-error" in errors(client.post(url, {"decision": "reject"}))
    assert client.post(url, {"decision": "reject", "why": "link", "said": ""}).url == "/reviews/"
    version.refresh_from_db()
    assert (version.review_state, version.decided_by) == (ReviewState.REJECTED, bob)
    late = sign_in(carol).post(url, {"decision": "approve"})
    assert late.status_code == 422
    assert f"{bob.name} rejected this" in late.content.decode()
    assert "?show=decided" in client.get("/reviews/?show=decided").content.decode()


def test_reviewer_sees_what_a_version_changes(alice, bob, sign_in):
    first = make.template(by=alice)
    second = drafts.new_version(first.template, by=alice)
    TemplateVersion.objects.filter(pk=second.pk).update(text="尊敬的${1}，您今年消费${2}元。")
    second.refresh_from_db()
    drafts.submit(second, by=alice)
    page = sign_in(bob).get(f"/reviews/template/{second.pk}/").content.decode()
    assert '<del class="del">本月</del><ins class="ins">今年</ins>' in page


def test_drafts_and_unknown_kinds_are_not_on_the_bench(alice, bob, sign_in):
    version = make.template(by=alice)
    draft = drafts.new_version(version.template, by=alice)
    client = sign_in(bob)
    assert client.get(f"/reviews/template/{draft.pk}/").status_code == 404
    assert client.get(f"/reviews/nothing/{version.pk}/").status_code == 404


def test_enterprises_do_not_reach_the_bench_nor_reviewers_the_templates(alice, bob, sign_in):
    version = make.template(by=alice, approved=None)
    assert sign_in(alice).get("/reviews/").status_code == 403
    assert sign_in(alice).post(f"/reviews/template/{version.pk}/", {"decision": "approve"}).status_code == 403
    assert sign_in(bob).get("/cn/templates/").status_code == 403


def test_demo_signature_and_template_are_made_once(alice, bob, carol):
    app = make.application(by=alice)
    owner = make.user(role=Role.OWNER, of=alice.enterprise)
    people = {"owner": owner, "operator": alice, "reviewer": bob, "administrator": carol}
    first = signature_and_template(alice.enterprise, app, people)
    assert first == signature_and_template(alice.enterprise, app, people)
    assert MessageTemplate.objects.sendable().get() == first[1]

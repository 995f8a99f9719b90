from django.contrib.auth.models import AnonymousUser
from django.http import StreamingHttpResponse
from django.test import RequestFactory
from django.utils import timezone, translation

from accounts.middleware import PersonLocaleMiddleware, PersonTimezoneMiddleware
from accounts.models import Enterprise, User


def ask(middleware, view, user):
    request = RequestFactory().get("/", headers={"Accept-Language": "zh-CN"})
    request.user = user
    return middleware(view)(request)


def test_streamed_answer_is_written_in_the_language_of_the_person():
    def view(request):
        return StreamingHttpResponse(translation.get_language() for _ in range(2))

    response = ask(PersonLocaleMiddleware, view, AnonymousUser())
    outside = translation.get_language()
    assert [chunk.decode() for chunk in response] == ["zh-hans", "zh-hans"]
    assert translation.get_language() == outside


def test_streamed_answer_is_written_in_the_zone_of_the_enterprise():
    def view(request):
        return StreamingHttpResponse(timezone.get_current_timezone_name() for _ in range(1))

    person = User(enterprise=Enterprise(time_zone="Asia/Tokyo"))
    assert b"".join(ask(PersonTimezoneMiddleware, view, person)) == b"Asia/Tokyo"

"""Google Calendar. Events may be read and written; which calendars there are may be read."""

from connections.catalog._google import ACCOUNT_URL, WHO, person, sign_in, userinfo
from connections.catalog._types import Brokered, Provider, Proxy, Scope

EVERYTHING = "https://www.googleapis.com/auth/calendar"

provider = Provider(
    slug="googlecalendar",
    name="Google Calendar",
    category="Calendar",
    summary="Read and write the events of a person's Google calendars.",
    docs_url="https://developers.google.com/workspace/calendar/api/auth",
    brand_color="#4285f4",
    api_url="https://www.googleapis.com",
    account_url=ACCOUNT_URL,
    proxy=Proxy(),
    auth=(
        sign_in(
            Scope(
                name="https://www.googleapis.com/auth/calendar.events",
                meaning="See, add, change and delete the events of your calendars",
                also=(EVERYTHING,),
            ),
            Scope(
                name="https://www.googleapis.com/auth/calendar.calendarlist.readonly",
                meaning="See which calendars you have",
                also=(EVERYTHING, f"{EVERYTHING}.readonly", f"{EVERYTHING}.calendarlist"),
            ),
            fixed_scopes=WHO,
        ),
        Brokered(toolkit="googlecalendar"),
    ),
    identify=person,
    verify=userinfo,
)

"""The usage page: its address says whether it shows the overview, a subject, a day or a call.

Whoever sees only their own calls reads "My usage" in place of the overview.
"""

from ui import address
from ui.address import Parameter
from ui.api.connection import api
from ui.usage_views.call import draw_call
from ui.usage_views.calls import draw_calls_of_model, draw_day
from ui.usage_views.my_usage import draw_my_usage
from ui.usage_views.overview import draw_overview
from ui.usage_views.subject import draw_subject

call = address.read(Parameter.CALL)
subject = None if call else address.read(Parameter.SUBJECT)

if call:
    draw_call(call)
elif subject and (day := address.read_day(Parameter.DAY)):
    draw_day(subject, day)
elif subject and (model := address.read(Parameter.MODEL)):
    draw_calls_of_model(subject, model)
elif subject:
    draw_subject(subject)
elif api().me().sees_only_themselves:
    draw_my_usage()
else:
    draw_overview()

"""Tables of a file count by their contents, and what becomes of a pair without a way counts beside them."""

from sims.settings.each.routing import ROUTING


def test_the_path_of_tables_is_no_cause_and_unrouted_is_one():
    assert ROUTING.unnamed("static:file=a,b=c.csv") == "static"
    assert ROUTING.unnamed("static:unrouted=dmodk,file=t.csv") == "static:unrouted=dmodk"

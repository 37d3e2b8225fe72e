"""Texts that break pages which do not treat them as text."""

HOSTILE = (
    "<img src=x onerror=window.__xss=1>",
    '"><script>window.__xss=2</script>',
    "javascript:window.__xss=3",
    "</script><script>window.__xss=4</script>",
    "{{7*7}}${7*7}#{7*7}",
    "' onmouseover='window.__xss=5",
    "\u202egnp.exe\u202c",
    "=HYPERLINK(1+1)",
    "x" * 120,
)
"""None of them may ever be anything else than text; the last one does not fit anywhere."""

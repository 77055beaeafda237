"""Words that betray a feature, found in paths and in text."""

from __future__ import annotations

import re

from pytest_saas_validate.combos import Feature


class Words:
    """Of one feature. They begin where a word or a capital begins; declared ones may go on."""

    def __init__(self, feature: Feature) -> None:
        self.common = feature.common
        self.whole = feature.words == (feature.name,)
        self.starts = tuple(re.split(r"[-_ ]", word.lower())[0] for word in feature.words)
        arms = (re.sub(r"(?:\\?[-_ ])+", "[-_ ]?", re.escape(word)) for word in feature.words)
        self.pattern = re.compile("|".join(arms), re.IGNORECASE)

    def find(self, text: str) -> list[re.Match[str]]:
        """Every place that holds one of the words."""
        return [match for match in self.pattern.finditer(text) if self._stands(text, match)]

    def _stands(self, text: str, match: re.Match[str]) -> bool:
        start, end = match.span()
        before, after = text[max(0, start - 1) : start], text[end : end + 1]
        word = match.group()
        begins = not (before.isalpha() and word[0].isalpha()) or (before.islower() and word[0].isupper())
        ends = not (after.isalpha() and word[-1].isalpha()) or (word[-1].islower() and after.isupper())
        return begins and (ends or not self.whole)

"""How much a text reads like words that people write: letters of one script and of one language, in a usual case."""

# ruff: noqa: RUF001 - letters of other scripts are meant

import unicodedata
from functools import lru_cache
from itertools import pairwise

NONE = -3.0  # for what no word holds

# Letters besides a to z, by language, and how common they are in files of contacts.
_ALPHABETS = {
    "äöüß": 1.0, "éèêëàçïœ": 1.0, "éèêëàâçîïôûùœæ": 0.9, "áéíóúñü": 1.0, "ãõçáéíóúâêôà": 0.9, "àèéìíòóùî": 0.95,
    "éèëïöüáóí": 0.9,
    "åäöé": 0.9, "æøåéöä": 0.9, "ąćęłńóśźż": 0.85, "áčďéěíňóřšťúůýž": 0.85, "áäčďéíĺľňóôŕšťúýž": 0.8,
    "áéíóöőúüű": 0.88, "ăâîșțşţ": 0.75, "čćđšž": 0.75, "çğıöşüâî": 0.85, "ąčęėįšųūž": 0.75, "āčēģīķļņšūž": 0.75,
    "äöõüšž": 0.75, "áðéíóúýþæö": 0.5, "ëç": 0.8, "àçèéïíóòúü": 0.9, "âêîôûŵŷáéíóúàèìòùäëïöüẅÿ": 0.3,
    "ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ": 0.4,
}  # fmt: skip
_LANGUAGES = {frozenset(letters): weight for letters, weight in _ALPHABETS.items()}
_COMMON_IN_NAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
    "姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文小明伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛超霞平刚桂春"
    "佐藤鈴木高橋中伊渡辺山本村加吉井松清斎崎森池阿部川前岡長谷後近坂遠青福太三西上原野郎子美一二恵健翔大陽花真優名氏姓東京都市"
    "陳黃張吳劉楊許鄭謝洪邱葉蘇莊蕭羅簡鍾游彭詹施盧趙顏柯翁孫范志淑芬玲雅婷怡君俊傑家豪國華建台北南新邮箱郵件電子公司"
    "김이박최정강조윤장임한오서신권황안송전홍민준연지우현수영희철호성은진경미숙자순훈상동재승혜주원태규석름메일"
)
_CYRILLIC = frozenset("оеаинтсрвлкмдпуяь")
_GREEK = frozenset("αοιετσνηυρπκμλςάέίόύήώ")
_IN_WORDS = frozenset("'’ʼ-")
_CLOSING = frozenset("”’»\"').,:;!?™®…´ªº")
_APART = frozenset("€£°№–—•…©®™«»“”„‚¡¿§½²³×·")
_BEFORE = frozenset("€№¡¿‘’")
_PAIRED = {"«": "»", "»": "«", "„": "“”", "“": "”", "”": "”", "‚": "‘’"}
_USUAL_SIGNS = frozenset("€’–—…“”°")
_LONG = 4
_ARABIC = frozenset(map(chr, [0x621, *range(0x623, 0x64B)]))
_FIRST_EASTERN = 0x3000


def plausible(text: str) -> float:
    """Return how much the text, of letters that are not ASCII and those beside them, is like a word; at most about 1.

    Below 0 it is none.
    """
    letters = [char for char in text if char.isalpha()]
    scripts = {_script(char) for char in letters}
    if bad := _faults(text, scripts):
        return bad
    foreign = [char for char in letters if not char.isascii()]
    if not foreign:
        return _signed(text) if letters else 0.3 * _USUAL_SIGNS.issuperset(_signs_of(text))
    if len(letters) == 1:
        return 0.05
    if scripts == {"LATIN"}:
        return _cased(text) or _latin(letters, foreign)
    if scripts <= {"CYRILLIC", "GREEK"}:
        return _cased(text) or _alphabetic(text, foreign, scripts)
    return _eastern(foreign, scripts)


def _signed(text: str) -> float:
    """Return the same for a word of ASCII with other signs, such as an apostrophe."""
    if "’" in text:
        return 0.9 if text[text.index("’") + 1 :][:1].isupper() else 0.5
    return 0.3 * _USUAL_SIGNS.issuperset(_signs_of(text))


def _faults(text: str, scripts: set[str]) -> float:
    """Return what cannot be in any word takes; 0 where there is nothing of it."""
    if any(_is_no_text(char) for char in text) or _are_mixed(scripts):
        return NONE
    if scripts == {"THAI"} and any(char.isdigit() and not char.isascii() for char in text):
        return NONE / 4
    return _signs(text)


def language_share(texts: list[str]) -> float:
    """Return how many of the texts one language can spell, times how common it is."""
    spelled = [frozenset(char for char in text.lower() if char.isalpha() and not char.isascii()) for text in texts]
    return max(weight * sum(one <= letters for one in spelled) for letters, weight in _LANGUAGES.items()) / len(texts)


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    if char in "ªº":
        return "LATIN"
    name = unicodedata.name(char, "NONE").split("-")[0].split(" ")
    if name[0] in {"HIRAGANA", "KATAKANA"}:
        return "KANA"
    return {"HALFWIDTH": "HALF", "FULLWIDTH": "FULL", "IDEOGRAPHIC": "CJK"}.get(name[0], name[0])


def _is_no_text(char: str) -> bool:
    """Return whether it is a control character, of private use or not assigned."""
    return unicodedata.category(char) in {"Cc", "Co", "Cn", "Cs"} and char not in "\t\r\n"


def _are_mixed(scripts: set[str]) -> bool:
    if "LATIN" in scripts and len(scripts) > 1:
        return True
    return len(scripts) > 1 and not scripts <= {"CJK", "KANA", "HALF", "FULL"}


def _signs_of(text: str) -> list[str]:
    return [char for char in text if not char.isascii() and not char.isalpha()]


def _signs(text: str) -> float:
    """Return what signs that are not ASCII take: 0 where they stand as they do beside words."""
    for place, char in enumerate(text):
        if char.isascii() or char.isalpha() or unicodedata.category(char) in {"Mn", "Mc", "Nd"}:
            continue
        before, after = text[max(0, place - 1) : place].isalpha(), text[place + 1 : place + 2].isalpha()
        if before and after and char not in _IN_WORDS:
            return NONE
        if after and not before and char not in _BEFORE and not any(end in text for end in _PAIRED.get(char, ())):
            return NONE / 2
        if before and not after and char not in _CLOSING:
            return NONE / 2
        if not before and not after and char not in _APART | _CLOSING and ord(char) < _FIRST_EASTERN:
            return NONE / 4
    return 0.0


def _cased(text: str) -> float:
    """Return what a letter in upper case behind one in lower case takes."""
    for before, after in pairwise(text):
        if before.islower() and after.isupper() and not after.isascii():
            return NONE / 2
        if before.islower() and not before.isascii() and after.isupper():
            return NONE / 3
    return 0.0


def _latin(letters: list[str], foreign: list[str]) -> float:
    used = frozenset("".join(foreign).lower()) - frozenset("\u0307")
    odd = 0.2 * (letters[0] == foreign[0] and letters[0].islower()) + 0.7 * (len(foreign) > max(2, len(letters) // 2))
    return max((weight for known, weight in _LANGUAGES.items() if used <= known), default=-0.5) - odd


def _alphabetic(text: str, foreign: list[str], scripts: set[str]) -> float:
    lower = text.lower()
    words = "".join(foreign)
    odd = 0.0 if words.istitle() else 0.2 if words.islower() or words.isupper() else 0.6
    if scripts == {"CYRILLIC"}:
        return 0.7 + 0.3 * sum(char in _CYRILLIC for char in lower) / len(foreign) - odd
    accents = sum(char in "άέήίόύώϊϋΐΰ" for char in lower)
    last = max(place for place, char in enumerate(lower) if char.isalpha())
    if "ς" in text[:last] or "σ" in text[last:]:
        return -1.0
    odd += 0.4 * (accents != 1 and len(foreign) >= _LONG and not text.isupper())
    return 0.6 + 0.4 * sum(char in _GREEK for char in lower) / len(foreign) - odd


def _eastern(foreign: list[str], scripts: set[str]) -> float:
    if scripts == {"HANGUL"}:
        return 0.5 + 0.5 * sum(char in _COMMON_IN_NAMES for char in foreign) / len(foreign)
    if scripts <= {"CJK", "KANA", "HALF", "FULL"}:
        values = [
            1.0 if char in _COMMON_IN_NAMES else {"KANA": 0.9, "CJK": 0.55}.get(_script(char), 0.2) for char in foreign
        ]
        return sum(values) / len(values)
    if scripts == {"ARABIC"} and not _ARABIC.issuperset(foreign):
        return 0.5
    return {"HEBREW": 0.95, "ARABIC": 0.9, "THAI": 0.85}.get(next(iter(scripts)), NONE)

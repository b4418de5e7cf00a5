"""Writes miniprogram/services/initials-table.js: of each character from U+4E00 to U+9FA5 the first letter of its pinyin.

    pip install pypinyin==0.55.0 && python3 design/initials.py
"""

import pathlib
import unicodedata

from pypinyin import Style, pinyin

# As surnames these are said otherwise than most often: the table is for names.
SURNAMES = {'单': 'S', '仇': 'Q', '解': 'X', '朴': 'P', '曾': 'Z', '翟': 'Z', '查': 'Z', '盖': 'G', '尉': 'W', '乐': 'Y', '员': 'Y', '黑': 'H',
            '区': 'O', '秘': 'B', '缪': 'M', '种': 'C', '洗': 'X', '召': 'S', '逄': 'P', '覃': 'Q', '晟': 'C', '重': 'C', '长': 'C', '折': 'S'}
FILE = pathlib.Path(__file__).parent.parent / 'miniprogram/services/initials-table.js'


def letter(character):
    if character in SURNAMES:
        return SURNAMES[character]
    sound = pinyin(character, style=Style.NORMAL, errors='ignore')
    first = unicodedata.normalize('NFD', sound[0][0])[0].upper() if sound and sound[0][0] else '#'
    return first if 'A' <= first <= 'Z' else '#'


letters = ''.join(letter(chr(code)) for code in range(0x4E00, 0x9FA6))
lines = [letters[start:start + 130] for start in range(0, len(letters), 130)]
FILE.write_text('// Written by design/initials.py: the first letter of the pinyin of each character from U+4E00 to U+9FA5; # has none.\n'
                'module.exports = [\n' + ''.join(f"  '{line}',\n" for line in lines) + "].join('')\n")

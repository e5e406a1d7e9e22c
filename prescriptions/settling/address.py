"""Where medicine is sent, as the patient typed it and as a courier is told."""

import re
import unicodedata

from pydantic import BaseModel, ConfigDict, Field, field_validator

from prescriptions.couriers import Party, Place
from telehealth.accounts import local_phone, parse_phone
from telehealth.core.i18n import N_

#: A house or a building has a number, a floor or at least a name; one word alone is no door.
_SHORTEST_STREET = 4
_LINE = re.compile(r"[\x00-\x1f\x7f]")


class Address(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=30)
    mobile: str = Field(min_length=1, max_length=20)
    province: str = Field(min_length=1, max_length=20)
    city: str = Field(min_length=1, max_length=20)
    county: str = Field(min_length=1, max_length=20)
    street: str = Field(min_length=1, max_length=100)

    @field_validator("name", "province", "city", "county", "street")
    @classmethod
    def _one_line(cls, text: str) -> str:
        plain = unicodedata.normalize("NFKC", _LINE.sub(" ", text)).strip()
        if not any(letter.isalpha() for letter in plain):
            raise ValueError(N_("请填写文字"))
        return plain

    @field_validator("street")
    @classmethod
    def _a_door(cls, text: str) -> str:
        if len(text) < _SHORTEST_STREET:
            raise ValueError(N_("请写到门牌号，快递员才能找到"))
        return text

    @field_validator("mobile")
    @classmethod
    def _a_mobile(cls, text: str) -> str:
        return parse_phone(text)

    @property
    def place(self) -> Place:
        return Place(self.province, self.city, self.county, self.street)

    @property
    def party(self) -> Party:
        return Party(self.name, local_phone(self.mobile), self.province, self.city, self.county, self.street)

    @property
    def one_line(self) -> str:
        """Without repeating a city that is its own province (北京市北京市)."""
        parts = [self.province, self.city if self.city != self.province else "", self.county, self.street]
        return "".join(part for part in parts if part)

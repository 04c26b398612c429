"""What `config show` prints: all values, their origins, no credential; and what the schema promises about itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.config.config_home import Home
from tradetui import config as config_package
from tradetui.config.load import LoadedConfig, load_with_origins
from tradetui.config.schema import fields_at
from tradetui.config.show import as_json, as_text, rows
from tradetui.config.values import FORMS


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedConfig:
    Home(tmp_path).write("[risk]\nmax_positions = 3\n[strategies.ma.params]\nfast = 5\n")
    return load_with_origins(tmp_path, "paper", {"IB_PORT": "4002"})


# As a constraint of a text, or as that of the keys of a table.
_PATTERNS = re.compile(r'"pattern(?:Properties)?": \{?"((?:[^"\\]|\\.)*)"')
SECRETS = {"TWILIO_ACCOUNT_SID": "environment TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN": "not set"}


def test_every_value_has_a_row_with_its_origin(loaded: LoadedConfig) -> None:
    found = {row["key"]: (row["value"], row["origin"]) for row in rows(loaded, SECRETS)}
    assert found["risk.max_positions"] == (3, "config.toml:2")
    assert found["broker.port"] == (4002, "environment IB_PORT")
    assert found["strategies.ma.params.fast"] == (5, "config.toml:4")
    assert found["broker.account"] == (None, "default")
    for section in fields_at(()):
        assert any(key.split(".")[0] == section for key in found), section


def test_credentials_are_masked_with_their_origin(loaded: LoadedConfig) -> None:
    found = {row["key"]: row for row in rows(loaded, SECRETS)}
    assert found["TWILIO_ACCOUNT_SID"] == {
        "key": "TWILIO_ACCOUNT_SID",
        "value": "********",
        "origin": "environment TWILIO_ACCOUNT_SID",
    }
    assert found["TWILIO_AUTH_TOKEN"]["value"] is None


def test_the_text_reads_as_key_value_origin(loaded: LoadedConfig) -> None:
    lines = as_text(loaded, SECRETS).splitlines()
    assert re.fullmatch(r"# profile paper, config hash [0-9a-f]{64}", lines[0])
    assert any(re.fullmatch(r"risk\.max_positions = 3 +# config\.toml:2", line) for line in lines)
    assert any(re.fullmatch(r"broker\.account = not set +# default", line) for line in lines)
    assert any(re.fullmatch(r"TWILIO_ACCOUNT_SID = \*{8} +# environment TWILIO_ACCOUNT_SID", line) for line in lines)


def test_the_json_holds_the_same_rows(loaded: LoadedConfig) -> None:
    document = json.loads(as_json(loaded, SECRETS))
    assert document["profile"] == "paper"
    assert document["values"] == rows(loaded, SECRETS)


def test_every_text_pattern_is_explained_in_words() -> None:
    schema = json.dumps(config_package.Config.model_json_schema())
    patterns = {json.loads(f'"{found}"') for found in _PATTERNS.findall(schema)}
    assert patterns == set(FORMS)


def test_the_package_offers_its_names_on_first_use() -> None:
    assert {config_package.load_config.__name__, config_package.ConfigError.__name__} == {"load_config", "ConfigError"}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        config_package.nothing  # noqa: B018 (the access itself is tested)

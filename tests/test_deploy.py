"""deploy/: what cannot be run here has at least the settings, ports and commands that there are."""

import re
from typing import Any

import yaml

from autosend_mcp.cli.flags import parser
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.settings import Settings
from autosend_mcp.variables import OF_HTTP, variable_of
from tests.support.balancer import DEPLOY

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
KUBERNETES: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
NGINX = (DEPLOY / "nginx.conf").read_text()
KNOWN = {variable_of(name) for name in {*Settings.model_fields, *HttpSettings.model_fields}}
WORKERS = {name: service for name, service in COMPOSE["services"].items() if name.startswith("worker-")}
POD: dict[str, Any] = KUBERNETES[0]["spec"]["template"]["spec"]
CONTAINER: dict[str, Any] = POD["containers"][0]


def test_the_variables_of_http_are_its_settings() -> None:
    assert set(OF_HTTP) == set(HttpSettings.model_fields)


def test_what_is_deployed_sets_only_settings_that_there_are() -> None:
    in_compose = {name for worker in WORKERS.values() for name in worker["environment"]}
    in_pods = {one["name"] for one in CONTAINER["env"]}
    assert in_compose == in_pods <= KNOWN
    assert not {name for name in in_pods if "KEY" in name and "FILE" not in name and name != "AUTOSEND_STATE_KEY"}
    for one in CONTAINER["env"]:
        if {"REDIS", "STATE"} & set(one["name"].split("_")):
            assert "secretKeyRef" in one["valueFrom"], "a secret is referred to"


def test_what_is_deployed_is_a_command_that_there_is() -> None:
    for command in (*(worker["command"] for worker in WORKERS.values()), CONTAINER["args"]):
        args = parser().parse(command[1:])
        assert (args.command, args.http) == ("serve", "0.0.0.0:8000")


def test_nginx_goes_to_each_worker_and_repeats_no_message() -> None:
    assert set(re.findall(r"([\w-]+):8000", NGINX)) == set(WORKERS) == {"worker-1", "worker-2", "worker-3"}
    assert "proxy_next_upstream error;" in NGINX
    assert "non_idempotent" not in NGINX
    (port,) = re.findall(r"^ *listen (\d+);", NGINX, re.MULTILINE)
    assert COMPOSE["services"]["nginx"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_pods_are_probed_and_may_do_nothing_but_serve() -> None:
    kinds = [one["kind"] for one in KUBERNETES]
    assert kinds == ["Deployment", "Service", "PodDisruptionBudget"]
    labels = KUBERNETES[0]["spec"]["template"]["metadata"]["labels"]
    assert KUBERNETES[1]["spec"]["selector"] == KUBERNETES[2]["spec"]["selector"]["matchLabels"] == labels
    assert KUBERNETES[2]["spec"]["minAvailable"] < KUBERNETES[0]["spec"]["replicas"]
    assert CONTAINER["livenessProbe"]["httpGet"]["path"] == "/health"
    assert CONTAINER["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert POD["securityContext"]["runAsNonRoot"]
    assert f"USER {POD['securityContext']['runAsUser']}:" in (DEPLOY / "Dockerfile").read_text()
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert CONTAINER["resources"]["limits"]["memory"]

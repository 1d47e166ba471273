"""What Kubernetes lets nobody change: refused with its name before Helm has touched anything."""

from __future__ import annotations

from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.engine.immutable import fixed


def claim(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": spec}


def sets(name: str, **spec: Any) -> dict[str, Any]:
    return {name: {"kind": "StatefulSet", "metadata": {"name": name}, "spec": spec}}


def test_what_differs_of_a_claim_is_told_with_what_it_was_and_would_be() -> None:
    before = sets("db", volumeClaimTemplates=[claim("data", storageClassName="fast"), claim("logs", size="1Gi")])
    after = sets("db", volumeClaimTemplates=[claim("data", storageClassName="slow"), claim("logs", size="1Gi")])
    assert fixed(["db"], before, after) == {
        "db": "volumeClaimTemplates: [data].spec.storageClassName fast -> slow",
    }
    longer = sets("db", volumeClaimTemplates=[claim("data", storageClassName="fast")], serviceName="x")
    assert fixed(["db"], before, longer) == {
        "db": "volumeClaimTemplates: [logs].metadata.name logs -> unset, [logs].spec.size 1Gi -> unset; serviceName None -> x"
    }


def test_what_may_change_and_what_is_not_there_is_no_hindrance() -> None:
    before = sets("db", replicas=1, template={"a": 1}, serviceName="x")
    after = sets("db", replicas=2, template={"a": 2}, serviceName="x")
    assert fixed(["db"], before, after) == {}
    other = sets("db", serviceName="y")
    assert fixed([], before, other) == {}
    assert fixed(["db"], {}, other) == {}


@pytest.mark.looptime(start=0)
async def test_a_changed_claim_fails_its_step_with_a_code_and_a_way_round(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = world.helm.manifest

    def manifest(step: Any, operation: Any) -> list[dict[str, Any]]:
        objects = there(step, operation)
        for obj in objects:
            if obj["kind"] == "StatefulSet":
                size = operation.values.get("size", "1Gi")
                obj["spec"]["volumeClaimTemplates"] = [claim("data", resources={"requests": {"storage": size}})]
        return objects

    monkeypatch.setattr(world.helm, "manifest", manifest)
    await world.run()
    done = len(world.helm.operations)
    world.plan = world.plan.changed("west/beta/member", values={"size": "2Gi"})
    events = await world.run()
    assert events[-1].exit_code == 1
    (failed,) = [e for e in events if e.type == "step-finished" and e.outcome == "failed"]
    assert failed.code == "fixed-field"
    assert "[data].spec.resources.requests.storage 1Gi -> 2Gi" in failed.reason
    assert "--context west -n beta delete statefulset member --cascade=orphan" in failed.remedy
    assert world.helm.operations[done:] == []
    # the way round: the set is deleted, its pods and volumes are not
    world.clusters["west"].remove("apps/v1", "StatefulSet", "beta", "member")
    assert (await world.run())[-1].exit_code == 0
    assert world.helm.verbs()[done:] == [("upgrade", "west/beta/member")]

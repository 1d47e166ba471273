"""What a changed preset means for a ledger that runs: fields, and what a change of each would do. Pure.

Most changes are ordinary: another version is an upgrade, another member an installation. The ones in `TABLE` are not:
a chain's number is in its genesis, an organization's domain in its nodes' certificates and in the other nodes' lists.
They happen only if the user names them (``--allow-destructive``), and then what they concern is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bevel_tui.network import fabric_growth, substrate
from bevel_tui.network.consequence import GENESIS, Consequence, Kind
from bevel_tui.network.ethereum import ethereum_roles
from bevel_tui.network.fabric import syschannel
from bevel_tui.network.indy import indy_roles
from bevel_tui.network.model import Fabric, Indy, IndyRoles, Network, Organization, Substrate
from bevel_tui.network.naming import founder, namespace_of
from bevel_tui.network.past import Past

Observe = Callable[[Network], object]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field that the genesis holds. `of` reads it from a Network; None: this platform has no such field."""

    path: str
    of: Observe
    reason: str
    kind: Kind = "found"


def _platform(field: str) -> Observe:
    return lambda network: getattr(network.platform, field, None)


TABLE: tuple[Fixed, ...] = (
    Fixed("platform.type", lambda n: n.platform.type, "another ledger is another network", "never"),
    Fixed("platform.consensus", _platform("consensus"), "how validators agree stands in the genesis"),
    Fixed(
        "platform.chain_id", _platform("chain_id"), "the chain's number stands in the genesis and in every transaction"
    ),
    Fixed("platform.network_id", _platform("network_id"), "nodes with another number do not talk to those that run"),
    Fixed("platform.block_period", _platform("block_period"), "the time between blocks stands in the genesis"),
    Fixed("platform.chain", _platform("chain"), "the chain's name stands in the genesis"),
    Fixed(
        "platform.bootnodes",
        _platform("bootnodes"),
        "a bootnode enters itself by a hook that runs at its first installation only",
        "never",
    ),
    Fixed(
        "platform.version",
        lambda n: ("2.2" if syschannel(n) else "2.5") if isinstance(n.platform, Fabric) else None,
        "Fabric 2.2 keeps its channels by a system channel, which 2.5 has none of; Bevel has no chart that leaves it",
        "never",
    ),
    Fixed(
        "organizations[0].name",
        lambda n: founder(n).name,
        "the first organization holds genesis, validators or orderers",
    ),
    Fixed("vault", lambda n: n.vault is not None, "keys lie in Vault or in Secrets, nothing carries them over"),
)


def consequences(past: Past, wanted: Network) -> tuple[Consequence, ...]:
    """What a change from `past` to `wanted` would destroy, apart from releases that simply leave."""
    fixed = tuple(_fixed(past.founding, wanted))
    if any(found.path == "platform.type" for found in fixed):
        return fixed
    return (
        *fixed,
        *_transaction_manager(past.applied, wanted),
        *_moves(past, wanted),
        *fabric_growth.consequences(past, wanted),
        *_admitted(past.founding, wanted),
        *_pool(past.founding, wanted),
    )


def _fixed(founding: Network, wanted: Network) -> Iterator[Consequence]:
    for field in TABLE:
        before, after = field.of(founding), field.of(wanted)
        if before == after or (founding.platform.type != wanted.platform.type and field.kind != "never"):
            continue
        yield Consequence(field.path, _word(before), _word(after), field.kind, GENESIS, field.reason)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "set" if value else "not set"
    return "none" if value is None else str(value)


def _transaction_manager(applied: Network, wanted: Network) -> Iterator[Consequence]:
    """A member gets or loses its Tessera only when it is installed: an install hook makes the keys."""
    before, after = _platform("transaction_manager")(applied), _platform("transaction_manager")(wanted)
    there = {o.name for o in applied.organizations if before is not None and ethereum_roles(applied, o).members}
    if before != after and any(o.name in there for o in wanted.organizations if ethereum_roles(wanted, o).members):
        yield Consequence(
            "platform.transaction_manager",
            str(before),
            str(after),
            "never",
            "",
            "its keys are made by a hook that runs at a node's first installation only: take the members out of the "
            "preset, apply it, and put them in again",
        )


def _moves(past: Past, wanted: Network) -> Iterator[Consequence]:
    """Organizations that would get another place: their names stand in certificates and in other nodes' lists."""
    before = {organization.name: organization for organization in past.applied.organizations}
    first = founder(past.founding).name
    for index, organization in enumerate(wanted.organizations):
        old = before.get(organization.name)
        if old is None:
            continue
        for path, was, now in _places(past.applied, old, wanted, organization, index):
            if was == now:
                continue
            in_genesis = organization.name == first or (
                isinstance(wanted.platform, Fabric)
                and any(o.name == organization.name for o in past.founding.organizations)
            )
            yield _move(past, organization.name, (path, was, now), in_genesis)


def _move(past: Past, name: str, what: tuple[str, str, str], in_genesis: bool) -> Consequence:
    if in_genesis:
        return Consequence(*what, "found", GENESIS, f"the genesis and all other organizations know {name} by it")
    if named := fabric_growth.known_in(past, name):
        reason = (
            f"the configuration of {', '.join(named)} holds the certificates of {name}, which would be others there: "
            "take it out, apply that, and put it in again"
        )
        return Consequence(*what, "never", "", reason)
    return Consequence(
        *what, "move", name, f"the nodes of {name} are made anew there, with new keys and an empty ledger"
    )


def _places(
    before: Network, old: Organization, wanted: Network, new: Organization, index: int
) -> Iterator[tuple[str, str, str]]:
    yield f"organizations[{index}].cluster", old.cluster, new.cluster
    yield f"organizations[{index}].namespace", namespace_of(before, old), namespace_of(wanted, new)
    if old.cluster == new.cluster:
        position = next((i for i, c in enumerate(wanted.clusters) if c.name == new.cluster), 0)
        yield f"clusters[{position}].domain", _domain(before, old), _domain(wanted, new)
        yield "gateway.type", before.gateway.type, wanted.gateway.type


def _domain(network: Network, organization: Organization) -> str:
    return network.cluster(organization.cluster).domain or "none"


def _admitted(founding: Network, wanted: Network) -> Iterator[Consequence]:
    """Substrate's genesis names every validator, member and node that may join; no chart of Bevel's adds one (facts A7)."""
    if not isinstance(founding.platform, Substrate) or not isinstance(wanted.platform, Substrate):
        return
    known = {key for organization in founding.organizations for key in substrate.key_releases(organization)}
    for index, organization in enumerate(wanted.organizations):
        new = [key for key in substrate.key_releases(organization) if key not in known]
        if new:
            yield Consequence(
                f"organizations[{index}].substrate",
                "not admitted",
                ", ".join(new),
                "found",
                GENESIS,
                "the genesis names all who may join; the chain itself admits more by calls of its sudo account, for "
                "which Bevel has no chart",
            )


def _pool(founding: Network, wanted: Network) -> Iterator[Consequence]:
    """Indy's genesis names trustees and the nodes of stewards; the keys of an organization are made by one Job."""
    if not isinstance(founding.platform, Indy) or not isinstance(wanted.platform, Indy):
        return
    known = {organization.name: indy_roles(organization) for organization in founding.organizations}
    for index, organization in enumerate(wanted.organizations):
        roles, was = indy_roles(organization), known.get(organization.name, IndyRoles())
        for field in ("trustee", "stewards", *(("endorser",) if organization.name in known else ())):
            before, after = getattr(was, field), getattr(roles, field)
            if after > before:
                yield Consequence(
                    f"organizations[{index}].indy.{field}",
                    _word(before),
                    _word(after),
                    "found",
                    GENESIS,
                    "an organization's keys are all made by one Job, which runs once"
                    if field == "endorser"
                    else "the pool's genesis names its nodes; to admit another one the trustee writes a NYM, as "
                    "indy-register-identity does, and then the steward a NODE transaction with the node's keys and address, "
                    "for which Bevel has no chart, script or playbook",
                )

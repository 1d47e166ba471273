"""What a running network remembers of itself, so that a changed Network can be planned without touching what runs.

A plan is a function of the Network; some of what it once said was made for good: the validators in a genesis, the
organizations in a channel's genesis block, the p2p port in an enode. `Past` carries these, the planners ask it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from bevel_tui.network.ethereum import NODE_CHARTS, ethereum_roles
from bevel_tui.network.fabric import channels
from bevel_tui.network.membership import Update, grown, ordered, orderers
from bevel_tui.network.model import Network, Organization
from bevel_tui.network.names import nodes, p2p_range
from bevel_tui.network.naming import PortMap, founder, namespace_of

Taken = Mapping[str, Iterable[int]]


@dataclass(frozen=True, slots=True)
class Past:
    """`applied` is the Network as it was last applied, `founding` as its ledger was founded.

    `joined` are the organizations as they were when they came, `channels` the participants of each Fabric channel when
    it was made, `consenters` its orderers then, `updates` what has changed in both since, `ports` the p2p ports given out, by (cluster, namespace,
    release), `validators` the most that the founder ever had.
    """

    applied: Network
    founding: Network
    joined: Mapping[str, Organization] = field(default_factory=dict)
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    consenters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    updates: tuple[Update, ...] = ()
    ports: PortMap = field(default_factory=dict)
    validators: int = 0

    @classmethod
    def of(cls, network: Network, taken: Taken | None = None) -> Past:
        """The past of a network that is founded as it is. `taken` as in `grown_ports`."""
        return cls(network, network).after(network, taken)

    def after(self, network: Network, taken: Taken | None = None) -> Past:
        """The past that remains once `network` has been applied. `taken` as in `grown_ports`."""
        there = {organization.name: organization for organization in network.organizations}
        made = {channel.name: self.channels.get(channel.name, channel.participants) for channel in channels(network)}
        all_of_it = orderers(network)
        consenters = {name: self.consenters.get(name, all_of_it) for name in made}
        updates = ordered(network, consenters, grown(network, made, self.updates)[0])[0]
        return Past(
            network,
            self.founding,
            {name: self.joined.get(name, organization) for name, organization in there.items()},
            made,
            consenters,
            updates,
            grown_ports(network, self.ports, taken),
            max(self.validators, validators_of(network)),
        )

    @property
    def first_validators(self) -> int:
        """How many validators the genesis names."""
        return validators_of(self.founding)


def validators_of(network: Network) -> int:
    """How many validators the founder runs; 0 on platforms without."""
    if network.platform.type not in ("besu", "quorum"):
        return 0
    return ethereum_roles(network, founder(network)).validators


def grown_ports(
    network: Network, known: Mapping[tuple[str, str, str], int] | None = None, taken: Taken | None = None
) -> PortMap:
    """The p2p port of every Ethereum node: the one it has, else the lowest free one of its gateway.

    Other nodes have the port in their static nodes, so it never changes. `taken` are ports of other networks at the
    same gateway, by cluster. As `names.p2p_ports`, ports run past the end of a range that is too short.
    """
    wanted = [
        (organization.cluster, namespace_of(network, organization), release.name)
        for organization, release in nodes(network)
        if release.chart in NODE_CHARTS
    ]
    ports = {node: known[node] for node in wanted if known is not None and node in known}
    used: dict[str, set[int]] = {cluster: set(numbers) for cluster, numbers in (taken or {}).items()}
    for (cluster, _, _), port in ports.items():
        used.setdefault(cluster, set()).add(port)
    low = p2p_range(network).start
    for node in wanted:
        if node in ports:
            continue
        there = used.setdefault(node[0], set())
        port = low
        while port in there:
            port += 1
        there.add(port)
        ports[node] = port
    return {node: ports[node] for node in wanted}


# ---------------------------------------------------------------- as text, for keeping


def to_data(past: Past) -> dict[str, str]:
    """A past as data of a ConfigMap, `applied` left out. No secret is in it: a Network has references only."""
    from bevel_tui.network.save import dump

    organizations = {
        name: organization.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        for name, organization in sorted(past.joined.items())
    }
    ports = {"/".join(node): port for node, port in sorted(past.ports.items())}
    return {
        "founding.yaml": dump(past.founding),
        "organizations.json": _json(organizations),
        "channels.json": _json({name: list(members) for name, members in sorted(past.channels.items())}),
        "consenters.json": _json({name: list(them) for name, them in sorted(past.consenters.items())}),
        "updates.json": _json([asdict(update) for update in past.updates]),
        "ports.json": _json(ports),
        "validators": str(past.validators),
    }


def of_data(data: Mapping[str, str], applied: Network | None = None) -> Past:
    """The reverse; `applied` None: as it was founded. Raises ValueError, KeyError or BevelError on what is none."""
    from bevel_tui.network.load import parse

    founding = parse(data["founding.yaml"], source="founding.yaml")
    ports: PortMap = {}
    for name, port in json.loads(data.get("ports.json") or "{}").items():
        cluster, namespace, release = str(name).split("/")
        ports[cluster, namespace, release] = int(port)
    organizations = json.loads(data.get("organizations.json") or "{}")
    made = json.loads(data.get("channels.json") or "{}")
    # what was kept before orderers could change has them as they were at the founding
    ordering = json.loads(data.get("consenters.json") or "{}") or dict.fromkeys(made, orderers(founding))
    return Past(
        applied or founding,
        founding,
        {name: Organization.model_validate(organization) for name, organization in organizations.items()},
        {name: tuple(members) for name, members in made.items()},
        {name: tuple(them) for name, them in ordering.items()},
        tuple(
            Update(**{**one, "signers": tuple(one["signers"])}) for one in json.loads(data.get("updates.json") or "[]")
        ),
        ports,
        int(data.get("validators") or 0),
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True)

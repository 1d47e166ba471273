"""Fabric: organizations that come into a channel that is there, or leave it; orderers likewise (facts A1.1b).

Who comes says who it is by a release of Bevel's fabric-genesis in its own namespace, which makes nothing but the
organization's part of a configuration (``<org>-new-data``). That goes to the first who signs, the update on from one to
the next; then the newcomer's peers join. A new orderer joins first, as one that only follows, and becomes one that agrees
on blocks by the update, one orderer at a time. Who must sign: `network.membership`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bevel_tui.network.membership import Update
from bevel_tui.network.model import Network, Organization
from bevel_tui.network.naming import NamedRelease
from bevel_tui.network.past import Past
from bevel_tui.platforms import fabric, groundwork
from bevel_tui.platforms import fabric_update_manifests as chart
from bevel_tui.platforms.fabric_view import View, msp
from bevel_tui.platforms.ids import namespace_id
from bevel_tui.records.steps import HandoffStep, ObjectRef, Produced, ReleaseStep, Step

#: the release that says who an organization is
DEFINITION = "definition"


@dataclass(frozen=True, slots=True)
class Updates(View):
    """Plans the updates of a network with a past, once all else is planned."""

    past: Past

    def organization(self, name: str) -> Organization | None:
        """The organization of that name, while it is in the network."""
        return next((o for o in self.network.organizations if o.name == name), None)

    def signers(self, update: Update) -> tuple[Organization, ...]:
        """Who signs, as far as they are in the network still."""
        found = (self.organization(name) for name in update.signers)
        return tuple(o for o in found if o is not None)

    def admitted(self) -> dict[tuple[str, str], str]:
        """The step after which an organization is in a channel, by (organization, channel)."""
        return {
            (update.organization, update.channel): self.step_id(self.signers(update)[-1], name_of(update))
            for update in self.past.updates
            if update.joins
            and not update.orderer
            and self.organization(update.organization) is not None
            and self.signers(update)
        }

    def steps(self, planned: Sequence[Step]) -> list[Step]:
        """`planned` without what newcomers need no more, with what admits them and sees off those who leave."""
        joins = self.joins()
        found: dict[str, Step] = {}
        for step in planned:
            if isinstance(step, ReleaseStep) and step.id in joins:
                found[step.id] = joining(step, joins[step.id])
            elif not (isinstance(step, HandoffStep) and step.target_step in joins):
                found[step.id] = step
        defined: dict[str, ReleaseStep] = {}
        for update in self.past.updates:
            newcomer = None if update.orderer else self.organization(update.organization)
            came = update.joins or update.organization not in self.past.channels.get(update.channel, ())
            if newcomer is not None and came:
                defined[newcomer.name] = self.definition(newcomer)
        found |= {step.id: step for step in defined.values()}
        previous: dict[str, str] = {}
        for update in sorted(self.past.updates, key=lambda u: (u.channel, u.number)):
            steps = self.update(
                update,
                None if update.orderer else defined.get(update.organization),
                planned,
                previous.get(update.channel),
            )
            found |= {step.id: step for step in steps}
            if steps:
                previous[update.channel] = steps[-1].id
        return list(found.values())

    def joins(self) -> dict[str, str]:
        """The joins of newcomers' peers, each with the step that admits the organization."""
        return {
            self.step_id(organization, release.name): admitted
            for (name, channel), admitted in self.admitted().items()
            if (organization := self.organization(name)) is not None
            for release in self.of_role(organization, "join")
            if release.channel == channel
        }

    def definition(self, organization: Organization) -> ReleaseStep:
        """Bevel's genesis chart, told of no channel and one new organization: ``configtxgen -printOrg``."""
        peers = self.of_role(organization, "peer")
        values = {
            "global": self.globals(organization),
            "organizations": [
                {
                    "name": organization.name,
                    "peers": [{"name": p.name, "peerAddress": self.address(organization, p.name, 7051)} for p in peers],
                }
            ],
            # no orderers, so nothing is said of how they agree
            "consensus": "none",
            "channels": [],
            "add_new_org": True,
            "newOrgs": [{"name": organization.name}],
            "settings": {"generateGenesis": False, "removeConfigMapOnDelete": False},
        }
        name = f"{organization.name}-new-data"
        ref = ObjectRef("v1", "ConfigMap", name, self.namespace(organization))
        return self.release(
            organization,
            NamedRelease(DEFINITION, "genesis", "fabric-genesis"),
            values,
            (self.step_id(organization, peers[0].name),),
            produces=(Produced(ref, (name,), keep=True),),
            once=True,
            about=f"it says who {organization.name} is, for the channels that it joins",
        )

    def update(
        self, update: Update, definition: ReleaseStep | None, planned: Sequence[Step], previous: str | None
    ) -> list[Step]:
        """The Jobs of all who sign, and what goes from one to the next; the last step is what submits it."""
        found: list[Step] = []
        signers, newcomer = self.signers(update), self.organization(update.organization)
        if newcomer is None and (update.joins or update.orderer):
            return []  # who came has left again without an update, or its orderer's owner has
        if update.orderer and update.joins and newcomer is not None and not self._runs(newcomer, update.orderer):
            return []  # it has gone, and there was no majority to say so
        made = tuple(
            step.id
            for step in planned
            if isinstance(step, ReleaseStep)
            and step.release == update.channel
            and step.chart in ("fabric-osnadmin-channel-create", "fabric-channel-create")
        )
        before: ReleaseStep | None = None
        for index, signer in enumerate(signers):
            nodes = [*self.of_role(signer, "peer"), *self.of_role(signer, "orderer")]
            peer = nodes[0].name
            namespace = self.namespace(signer)
            needs = [self.step_id(signer, peer), *made, *((previous,) if previous else ())]
            about = {
                "channel": update.channel,
                "member": f"{update.organization}MSP",
                "joins": update.joins,
                "makes": before is None,
                "submits": index == len(signers) - 1,
            }
            if update.orderer:
                about |= self._ordering(update)
                if before is None and update.joins:
                    needs.append(self.step_id(signer, update.orderer))
            if before is None and definition is not None and newcomer is not None and update.joins:
                handoff = self._defined(definition, newcomer, signer)
                found.append(handoff)
                needs.append(handoff.id)
                first = self.of_role(newcomer, "peer")[0].name
                about |= {
                    "definition": f"{update.organization}-new-data",
                    "anchor": self.address(newcomer, first, 7051),
                }
            elif before is not None:
                handoff = self._handed(update, signers[index - 1], signer, before)
                found.append(handoff)
                needs.append(handoff.id)
                about["handed"] = f"{name_of(update)}-handed"
            step = self._signing(update, signer, peer, about, tuple(dict.fromkeys(needs)), namespace)
            found.append(step)
            before = step
        return found

    def _runs(self, organization: Organization, orderer: str) -> bool:
        return orderer in {release.name for release in self.of_role(organization, "orderer")}

    def _ordering(self, update: Update) -> dict[str, object]:
        """Of which orderer the update is, and where its owner has its certificate."""
        owner = self.organization(update.organization)
        if owner is None:
            return {}
        return {
            "orderer": self.address(owner, update.orderer, 7050),
            **({"certificate": f"{update.orderer}-tls"} if update.joins else {}),
        }

    def _signing(
        self,
        update: Update,
        signer: Organization,
        peer: str,
        about: dict[str, object],
        needs: tuple[str, ...],
        namespace: str,
    ) -> ReleaseStep:
        values = {
            "global": self.globals(signer, proxy=False),
            "update": about,
            "peer": {
                "address": self.address(signer, peer, 7051),
                "localMspId": msp(signer),
                "ordererAddress": self.orderer_address(signer),
                "ordererCa": self.orderer_ca_map(signer, peer),
            },
        }
        name = name_of(update)
        step = ReleaseStep(
            id=self.step_id(signer, name),
            cluster=signer.cluster,
            namespace=namespace,
            organization=signer.name,
            managed=signer.managed,
            needs=needs,
            release=name,
            chart=chart.CHART,
            chart_version=chart.VERSION,
            origin="own",
            values=groundwork.with_images(self.network, values),
            produces=(Produced(ObjectRef("v1", "ConfigMap", name, namespace), (chart.UPDATE_KEY,)),),
            once=True,
            about=words(update),
        )
        return groundwork.finish(step, chart.manifests(step), chart.behaviours[chart.CHART])

    def _defined(self, definition: ReleaseStep, newcomer: Organization, signer: Organization) -> HandoffStep:
        """Who comes, to the first who signs."""
        name = f"{newcomer.name}-new-data"
        namespace = self.namespace(signer)
        return self.handoff(
            "definition",
            newcomer,
            ("ConfigMap", name),
            signer,
            name,
            None,
            (definition.id, namespace_id(signer.cluster, namespace)),
            keep=(name,),
            target_object=ObjectRef("v1", "ConfigMap", name, namespace),
        )

    def _handed(self, update: Update, source: Organization, target: Organization, before: ReleaseStep) -> HandoffStep:
        """The update with the signatures it has, to the next who signs."""
        name, namespace = name_of(update), self.namespace(target)
        return self.handoff(
            "update",
            source,
            ("ConfigMap", name),
            target,
            name,
            None,
            (before.id, namespace_id(target.cluster, namespace)),
            keep=(chart.UPDATE_KEY,),
            target_object=ObjectRef("v1", "ConfigMap", f"{name}-handed", namespace),
        )


def joining(step: ReleaseStep, admitted: str) -> ReleaseStep:
    """A newcomer's peer joins when its organization was admitted. That update named its anchor: it needs none of the
    genesis' transactions (2.2), and sets none itself."""
    peer = {**step.values["peer"], "addnewOrgValue": True}
    needs = (*(need for need in step.needs if not need.startswith("handoff/anchor-tx/")), admitted)
    late = replace(step, values={**step.values, "peer": peer}, needs=needs, files=())
    return groundwork.finish(late, fabric.manifests(late), fabric.behaviours[late.chart])


def words(update: Update) -> str:
    """What an update does and who signs it."""
    what = f"{update.orderer} of {update.organization}" if update.orderer else update.organization
    where = "the orderers of" if update.orderer else "channel"
    does = f"{what} joins {where} {update.channel}" if update.joins else f"{what} leaves {where} {update.channel}"
    return f"{does}, signed by {', '.join(update.signers)}"


def name_of(update: Update) -> str:
    """The release of an update, in the namespace of each who signs."""
    return f"{update.channel}-update-{update.number}"


def steps(network: Network, past: Past, planned: Sequence[Step]) -> list[Step]:
    """`planned` with the updates of the channels' members."""
    return Updates(network, past).steps(planned) if past.updates else list(planned)

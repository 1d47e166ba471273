"""Chaincodes of a Fabric network: packages to peers, approvals, one commit, a first call (facts A1; chart READMEs).

The charts are of version 1.0.0 and read keys from Vault as no chart of v1.3.0 writes them; the private copies mount
Secrets instead (helm.patches, fabric-chaincode-material), with Vault and without.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from bevel_tui.network.fabric import chaincodes
from bevel_tui.network.fabric_model import Chaincode
from bevel_tui.network.model import Organization
from bevel_tui.network.naming import NamedRelease
from bevel_tui.platforms import groundwork
from bevel_tui.platforms.fabric_charts import ADMIN_MSP, TOOLS_IMAGE
from bevel_tui.platforms.fabric_package import Package, external
from bevel_tui.platforms.fabric_view import ACCOUNT, OLD_VERSION, View, msp
from bevel_tui.platforms.ids import namespace_id
from bevel_tui.records.steps import HandoffStep, ObjectRef, ReleaseStep, SecretStep, Step

CHAINCODE_MATERIAL = "fabric-chaincode-material"
CHAINCODE_PACKAGE = "fabric-chaincode-package"


@dataclass(frozen=True, slots=True)
class Chaincodes(View):
    """Plans once channels are planned."""

    def steps(self) -> list[Step]:
        planned: dict[str, Step] = {}
        for chaincode in chaincodes(self.network):
            for step in self.lifecycle(chaincode):
                planned.setdefault(step.id, step)  # handed-over CAs may serve several chaincodes
        return list(planned.values())

    def lifecycle(self, chaincode: Chaincode) -> list[Step]:
        members = [o for o in self.network.organizations if o.name in chaincode.organizations]
        planned: list[Step] = []
        approvals: list[str] = []
        servers: list[str] = []
        for organization in members:
            secret = self.credentials(organization, chaincode)
            planned += [secret] if secret else []
            releases = self.of(organization, chaincode)
            installs: list[ReleaseStep] = []
            for release in releases.get("server", ()):
                server = self.server(organization, chaincode, release)
                servers.append(server.id)
                planned.append(server)
            for release in releases["install"]:
                installs.append(self.install(organization, chaincode, release, installs, secret))
            approval = self.approve(organization, chaincode, releases["approve"][0], installs)
            approvals.append(approval.id)
            planned += [*installs, approval]
        committer = next(o for o in members if o.name == chaincode.organizations[0])
        releases = self.of(committer, chaincode)
        authorities = [self.authority(o, committer) for o in members if o.name != committer.name]
        planned += authorities
        handed = [authority.id for authority in authorities]
        commit = self.endorsed(committer, chaincode, releases["commit"][0], members, (*approvals, *handed))
        planned.append(commit)
        for release in releases.get("invoke", ()):
            planned.append(self.endorsed(committer, chaincode, release, members, (commit.id, *servers)))
        return planned

    def of(self, organization: Organization, chaincode: Chaincode) -> dict[str, list[NamedRelease]]:
        """A chaincode's releases in an organization, by what they do."""
        found: dict[str, list[NamedRelease]] = {}
        for release in self.of_role(organization, "chaincode"):
            if release.chaincode == chaincode.name:
                word = "server" if release.chart == "fabric-external-chaincode" else release.chart.rsplit("-", 1)[1]
                found.setdefault(word, []).append(release)
        return found

    # ------------------------------------------------------------ what Jobs are given

    def credentials(self, organization: Organization, chaincode: Chaincode) -> SecretStep | None:
        """The password of the source's repository, in each namespace whose Jobs read it (F18)."""
        repository = chaincode.repository
        if repository is None or repository.password is None:
            return None
        data = (("git_password", groundwork.reference(repository.password, url=True)),)
        return groundwork.secret_step(self.network, organization, f"chaincode-{chaincode.name}-git", data)

    def material(self, organization: Organization, peer: str, *more: dict[str, Any]) -> list[dict[str, Any]]:
        """Sources of the Jobs' volume: the administrator's MSP and the orderers' CA, where their environment says."""
        msp_items = [{"key": key, "path": f"admin/msp/{key}/{file}"} for key, file in ADMIN_MSP]
        orderers = self.orderer_ca_map(organization, peer)
        return [
            {"secret": {"name": "admin-msp", "items": msp_items}},
            {"configMap": {"name": orderers, "items": [{"key": "cacert", "path": "orderer/tls/ca.crt"}]}},
            *more,
        ]

    def values(
        self,
        organization: Organization,
        chaincode: Chaincode,
        peer: str,
        material: list[dict[str, Any]],
        about: dict[str, Any],
        **more: Any,
    ) -> dict[str, Any]:
        namespace, version = self.namespace(organization), self.platform.version
        placed = groundwork.placement(self.network)
        return {
            "global": {"material": material, **({"placement": placed} if placed else {})},
            "metadata": {
                "namespace": namespace,
                "network": {"version": version},
                "images": {"fabrictools": f"{TOOLS_IMAGE}:{version}"},
            },
            "peer": {
                "name": peer,
                "address": f"{peer}.{namespace}:7051",
                "localmspid": msp(organization),
                "loglevel": "info",
                "tlsstatus": True,
            },
            "vault": self.account(),
            "chaincode": {"name": chaincode.name, "version": chaincode.version, **about},
            **more,
        }

    def account(self) -> dict[str, str]:
        """Under `vault` the charts have what has to do with accounts, too."""
        registry = self.network.registry
        return {"serviceaccountname": ACCOUNT, "imagesecretname": "" if registry is None else registry.pull_secret}

    # ------------------------------------------------------------ releases

    def package(self, organization: Organization, chaincode: Chaincode) -> Package:
        """What the peers of an organization install for a chaincode that is a server: where they find it."""
        if chaincode.external is None:
            raise ValueError(f"{chaincode.name} is no server")
        own = f"cc-{chaincode.name}.{self.namespace(organization)}.svc.cluster.local:7052"
        return external(chaincode.name, chaincode.version, chaincode.external.address or own)

    def install(
        self,
        organization: Organization,
        chaincode: Chaincode,
        release: NamedRelease,
        before: list[ReleaseStep],
        secret: SecretStep | None,
    ) -> ReleaseStep:
        """The package on one peer. From source the first peer's Job builds it, and those of the others fetch it there."""
        peer = release.peer or "peer0"
        needs = [self.step_id(organization, peer)]
        more: list[dict[str, Any]] = []
        patches: tuple[str, ...] = (CHAINCODE_MATERIAL,)
        repository = chaincode.repository
        if repository is None:
            package = base64.b64encode(self.package(organization, chaincode).content).decode()
            values = self.values(organization, chaincode, peer, self.material(organization, peer), {})
            values["global"]["package"] = package
            patches = (*patches, CHAINCODE_PACKAGE)
        else:
            if secret is not None:
                needs.append(secret.id)
                items = [{"key": "git_password", "path": "user_cred"}]
                more.append({"secret": {"name": secret.name, "items": items}})
            needs += [step.id for step in before[:1]]
            about = {
                "builder": f"hyperledger/fabric-ccenv:{self.platform.version}",
                "lang": chaincode.lang,
                "maindirectory": chaincode.main_directory,
                "repository": {
                    "hostname": repository.url.partition("/")[0].partition(":")[0],
                    "url": repository.url,
                    "branch": repository.branch,
                    "path": repository.path,
                    "git_username": repository.username or "user",
                },
            }
            orderer = {"address": self.orderer_address(organization)}
            values = self.values(
                organization, chaincode, peer, self.material(organization, peer, *more), about, orderer=orderer
            )
        return self.release(organization, release, values, tuple(needs), version=OLD_VERSION, patches=patches)

    def server(self, organization: Organization, chaincode: Chaincode, release: NamedRelease) -> ReleaseStep:
        """The chaincode itself, where it is a server; it is told the id of its package."""
        version = self.platform.version
        image = chaincode.external.image if chaincode.external else None
        placed = groundwork.placement(self.network)
        values = {
            **({"global": {"placement": placed}} if placed else {}),
            "metadata": {
                "namespace": self.namespace(organization),
                "network": {"version": version},
                "images": {"external_chaincode": image},
            },
            "chaincode": {
                "name": chaincode.name,
                "version": chaincode.version,
                "ccid": self.package(organization, chaincode).id,
                "tls": False,
            },
            "vault": self.account(),
            "service": {"servicetype": "ClusterIP"},
        }
        needs = (self.step_id(organization, self.of_role(organization, "ca")[0].name),)
        return self.release(organization, release, values, needs, version=OLD_VERSION)

    def definition(self, chaincode: Chaincode) -> dict[str, Any]:
        """What all organizations must agree on."""
        policy = chaincode.endorsement
        return {
            "sequence": chaincode.sequence,
            "initrequired": chaincode.init is not None,
            # the scripts evaluate it: without quotes of its own the shell would stumble over the parentheses
            "endorsementpolicies": f'\\"{policy}\\"' if policy else "",
            "pdc": {"enabled": False},
        }

    def approve(
        self, organization: Organization, chaincode: Chaincode, release: NamedRelease, installs: list[ReleaseStep]
    ) -> ReleaseStep:
        """The organization's consent, once its first peer is in the channel and has the package."""
        peer, channel = release.peer or "peer0", release.channel or ""
        values = self.values(
            organization,
            chaincode,
            peer,
            self.material(organization, peer),
            self.definition(chaincode),
            orderer={"address": self.orderer_address(organization)},
            channel={"name": channel},
        )
        del values["metadata"]["network"]  # the one chart of the five that does not read it
        needs = (*(step.id for step in installs), self.step_id(organization, f"{peer}-{channel}"))
        return self.release(organization, release, values, needs, version=OLD_VERSION, patches=(CHAINCODE_MATERIAL,))

    def authority(self, source: Organization, target: Organization) -> HandoffStep:
        """The TLS CA of another organization, by which the committer knows its peer."""
        nodes = [*self.of_role(source, "orderer"), *self.of_role(source, "peer")]
        namespace = self.namespace(target)
        name = f"{source.name}-endorser-ca"
        return self.handoff(
            "endorser-ca",
            source,
            ("Secret", "admin-msp"),
            target,
            name,
            None,
            (self.step_id(source, nodes[0].name), namespace_id(target.cluster, namespace)),
            keep=("tlscacerts",),
            target_object=ObjectRef("v1", "ConfigMap", name, namespace),
        )

    def endorsed(
        self,
        organization: Organization,
        chaincode: Chaincode,
        release: NamedRelease,
        members: list[Organization],
        needs: tuple[str, ...],
    ) -> ReleaseStep:
        """Commit and first call: sent to a peer of every organization that takes part."""
        peer, channel = release.peer or "peer0", release.channel or ""
        more = []
        for member in members:
            items = [{"key": "tlscacerts", "path": f"endorsers/{member.name}/msp/cacerts/ca.crt"}]
            if member.name == organization.name:
                more.append({"secret": {"name": "admin-msp", "items": items}})
            else:
                more.append({"configMap": {"name": f"{member.name}-endorser-ca", "items": items}})
        if release.chart == "fabric-chaincode-invoke":
            arguments = ",".join(f'"{argument}"' for argument in chaincode.init or ())
            # no endorsementpolicies: the command that the script makes of it does not exist
            about: dict[str, Any] = {"invokearguments": arguments}
        else:
            about = self.definition(chaincode)
        values = self.values(
            organization,
            chaincode,
            peer,
            self.material(organization, peer, *more),
            about,
            orderer={"address": self.orderer_address(organization)},
            channel={"name": channel},
            endorsers={
                "creator": self.namespace(organization),
                "name": " ".join(member.name for member in members),
                "corepeeraddress": " ".join(self.address(member, "peer0", 7051) for member in members),
            },
        )
        return self.release(organization, release, values, needs, version=OLD_VERSION, patches=(CHAINCODE_MATERIAL,))

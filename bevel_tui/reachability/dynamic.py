"""Dynamic updates of a zone (RFC 2136), signed with TSIG (RFC 8945), so that nobody's record is ever overwritten.

Beside what it creates, bevel-tui puts a TXT record, ``_bevel-tui.<domain>``: by whom, and a digest of the addresses.
Every update carries as prerequisites what was read before, so that the server itself refuses it when somebody was
quicker. Records without that mark, or that somebody has changed since, are left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bevel_tui.reachability.answers import Server
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.wanted import is_ip
from bevel_tui.reachability.wire import Wire
from bevel_tui.records.events import DnsRecord

if TYPE_CHECKING:
    import dns.message
    import dns.update

MARK = "_bevel-tui"
_TYPES = ("A", "AAAA", "CNAME")
#: times that an update is tried again because somebody changed the zone between reading and writing
_RACES = 3

Sets = dict[str, frozenset[str]]


class UpdateError(Exception):
    """A zone that cannot be updated: a stable `code`, a sentence, a remedy. `passing` errors may heal by themselves."""

    def __init__(self, code: str, words: str, remedy: str, *, passing: bool = False) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.remedy = remedy
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Key:
    """A TSIG key: `secret` is base64."""

    name: str
    algorithm: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """Who made a domain's records: `network`, and a digest of what was written. `bare`: the domain's own name too."""

    network: str
    digest: str
    bare: bool

    @property
    def text(self) -> str:
        """As the TXT record holds it."""
        return f"heritage=bevel-tui,network={self.network},bare={'yes' if self.bare else 'no'},digest={self.digest}"

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """None for a text that is not ours."""
        fields = dict(part.partition("=")[::2] for part in text.strip('"').split(","))
        if fields.get("heritage") != "bevel-tui":
            return None
        return cls(fields.get("network", ""), fields.get("digest", ""), fields.get("bare") == "yes")


@dataclass(frozen=True, slots=True)
class Done:
    """What an update came to: `found` means that somebody else's records are right already."""

    outcome: Literal["unchanged", "found", "created", "replaced", "removed", "left"]
    zone: str
    words: str


@dataclass(frozen=True, slots=True)
class _Now:
    """What the server holds for a domain."""

    zone: str
    wild: Sets
    bare: Sets
    marks: tuple[str, ...]

    @property
    def mark(self) -> Mark | None:
        return next((mark for mark in map(Mark.parse, self.marks) if mark is not None), None)


@dataclass(frozen=True, slots=True)
class Updater:
    """Updates at one primary, ``host`` or ``host:port``. `key` None sends updates unsigned. `timeout` is seconds."""

    dialer: Dialer
    server: str
    key: Key | None
    timeout: float = 5.0

    async def publish(
        self, domain: str, wanted: Sequence[DnsRecord], network: str, friends: Collection[str] = ()
    ) -> Done:
        """Make `wanted` the records of ``*.<domain>`` and, where that name is free, of the domain itself.

        `network` is who asks; what its `friends` made may be replaced too (networks that share the gateway). Raises
        UpdateError: `update-record-taken` for records that are somebody else's, and what servers do wrong.
        """
        star = f"*.{domain}"
        aim = _sets(wanted, star)
        for _ in range(_RACES):
            now = await self._read(domain)
            settled = self._weigh(domain, now, aim, {network, *friends})
            if settled is not None:
                return settled
            mark = now.mark
            bare = _free(domain, now, aim) or (mark is not None and mark.bare)
            update = await self._message(now.zone)
            self._require(update, domain, now, alias="CNAME" in aim, bare=bare)
            made = Mark(network if mark is None else mark.network, _digest(aim), bare)
            for name in (star, domain) if bare else (star,):
                for kind in _TYPES:
                    update.delete(f"{name}.", kind)
                for record in wanted:
                    if record.name == star:
                        value = f"{record.value}." if record.type == "CNAME" else record.value
                        update.add(f"{name}.", record.ttl, record.type, value)
            update.delete(f"{MARK}.{domain}.", "TXT")
            update.add(f"{MARK}.{domain}.", 300, "TXT", f'"{made.text}"')
            if await self._send(update, now.zone):
                outcome: Literal["created", "replaced"] = "replaced" if now.wild else "created"
                return Done(outcome, now.zone, f"{outcome} {star} ({_words(aim)}) in zone {now.zone}")
        words = f"{star} is changed by somebody else again and again"
        raise UpdateError("update-race", words, "See who else updates the zone, and let one of them do it.")

    async def foresee(
        self, domain: str, wanted: Sequence[DnsRecord], network: str, friends: Collection[str] = ()
    ) -> Done:
        """What `publish` would do now; nothing is changed. Raises UpdateError as it would for what stands there."""
        star = f"*.{domain}"
        aim = _sets(wanted, star)
        now = await self._read(domain)
        settled = self._weigh(domain, now, aim, {network, *friends})
        if settled is not None:
            return settled
        if now.wild:
            return Done("replaced", now.zone, f"{star}: {_words(now.wild)} -> {_words(aim)} in zone {now.zone}")
        return Done("created", now.zone, f"{star}: {_words(aim)} in zone {now.zone}")

    def _weigh(self, domain: str, now: _Now, aim: Sets, mine: Collection[str]) -> Done | None:
        """What stands there, beside what is wanted: None when it has to be written and is ours to write.

        Raises UpdateError for what is somebody else's, or was changed by somebody.
        """
        star, mark = f"*.{domain}", now.mark
        if mark is None or mark.network not in mine:
            if now.wild == aim:
                return Done("found", now.zone, f"{star} is as it should be already")
            if now.wild or mark is not None:
                raise self._taken(star, now, mark)
        elif mark.digest != _digest(now.wild) and now.wild != aim:
            words = f"{star} was changed by somebody since bevel-tui wrote it ({_words(now.wild)})"
            raise UpdateError("update-record-changed", words, self._remedy_taken(domain, star))
        elif now.wild == aim and (not mark.bare or now.bare == aim):
            return Done("unchanged", now.zone, f"{star} is as it should be")
        return None

    async def withdraw(self, domain: str, network: str, addresses: Sequence[str] = ()) -> Done:
        """Remove what `publish` made: only marked records that are as they were written.

        Those of another network go too if they lead to `addresses`, those of the gateway that goes. Raises UpdateError.
        """
        star = f"*.{domain}"
        for _ in range(_RACES):
            now = await self._read(domain)
            mark = now.mark
            if mark is None:
                return Done("left", now.zone, f"{star} was not made by bevel-tui")
            here = frozenset(value for values in now.wild.values() for value in values)
            if mark.network != network and not (here and here == frozenset(addresses)):
                return Done("left", now.zone, f"{star} belongs to network {mark.network}")
            whole = mark.digest == _digest(now.wild)
            update = await self._message(now.zone)
            bare = mark.bare and now.bare == now.wild
            self._require(update, domain, now, alias=False, bare=bare)
            for name in ((star, domain) if bare else (star,)) if whole else ():
                for kind in _TYPES:
                    update.delete(f"{name}.", kind)
            update.delete(f"{MARK}.{domain}.", "TXT")
            if await self._send(update, now.zone):
                if not whole:
                    return Done("left", now.zone, f"{star} was changed by somebody, and stays")
                return Done("removed", now.zone, f"removed {star} from zone {now.zone}")
        words = f"{star} is changed by somebody else again and again"
        raise UpdateError("update-race", words, "Remove the records by hand.")

    async def marked(self, domain: str) -> bool:
        """Whether there is something to withdraw. Raises UpdateError."""
        return (await self._read(domain)).mark is not None

    # ------------------------------------------------------------ reading

    async def _address(self) -> Server:
        """The server's address; the map of the Dialer may name host or address."""
        import asyncio
        import socket

        host, _, port = self.server.partition(":") if self.server.count(":") == 1 else (self.server, "", "")
        number = int(port or 53)
        routed, mapped = self.dialer.route(host, number)
        if is_ip(routed):
            return Server(routed, mapped, None if is_ip(host) else host)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(routed, mapped, type=socket.SOCK_STREAM)
        except OSError as error:
            words = f"the update server {host} is not found: {error.strerror or error}"
            raise UpdateError("update-server-unknown", words, "Correct dns.rfc2136.server in the preset.") from None
        return Server(str(found[0][4][0]), mapped, host)

    async def _read(self, domain: str) -> _Now:
        """Zone and records of a domain as the server has them, asked without recursion."""
        import asyncio

        server = await self._address()
        wire = Wire(self.dialer, self.timeout)
        said = await wire.authority(server, domain)
        above = domain
        while said.owner == "" and "." in above:  # an alias hides the zone that it is in
            above = above.partition(".")[2]
            said = await wire.authority(server, above)
        if not said.owner:
            reply = await wire.query(server, domain, "SOA")
            if reply.message is None:
                words = f"the update server {server.label} does not answer ({reply.detail or reply.outcome})"
                raise UpdateError(
                    "update-server-silent", words, "Open port 53 (UDP and TCP) to it, or correct dns.rfc2136.server.",
                    passing=True,
                )  # fmt: skip
            words = f"{server.label} does not hold the zone of {domain}"
            raise UpdateError("update-not-authoritative", words, "Name the zone's primary in dns.rfc2136.server.")
        names = (f"*.{domain}", domain, f"{MARK}.{domain}")
        kinds = [(name, kind) for name in names[:2] for kind in _TYPES] + [(names[2], "TXT")]
        replies = await asyncio.gather(*(wire.query(server, name, kind) for name, kind in kinds))
        held: dict[tuple[str, str], frozenset[str]] = {}
        for (name, kind), reply in zip(kinds, replies, strict=True):
            if reply.message is None:
                raise UpdateError(
                    "update-server-silent",
                    f"{server.label} does not answer",
                    "Run the same command again.",
                    passing=True,
                )
            held[name, kind] = _own(reply.message, name, kind)
        wild, bare = ({kind: held[name, kind] for kind in _TYPES if held[name, kind]} for name in names[:2])
        return _Now(said.owner, wild, bare, tuple(sorted(held[names[2], "TXT"])))

    # ------------------------------------------------------------ writing

    async def _message(self, zone: str) -> dns.update.UpdateMessage:
        import binascii

        import dns.exception
        import dns.name
        import dns.tsig
        import dns.update

        if self.key is None:
            return dns.update.UpdateMessage(zone)
        try:
            key = dns.tsig.Key(self.key.name, self.key.secret, dns.name.from_text(self.key.algorithm))
        except (binascii.Error, ValueError, dns.exception.DNSException):
            words = f"the TSIG key {self.key.name} is not base64"
            raise UpdateError("update-key-invalid", words, "Correct what dns.rfc2136.key refers to.") from None
        return dns.update.UpdateMessage(zone, keyring={key.name: key}, keyname=key.name)

    def _require(self, update: dns.update.UpdateMessage, domain: str, now: _Now, *, alias: bool, bare: bool) -> None:
        """The prerequisites: everything is still as it was read."""
        for name, held in ((f"*.{domain}", now.wild), (domain, now.bare)) if bare else ((f"*.{domain}", now.wild),):
            if alias and not held:
                update.absent(f"{name}.")  # a CNAME tolerates nothing beside it
                continue
            for kind in _TYPES:
                if kind in held:
                    values = [f"{v}." if kind == "CNAME" else v for v in sorted(held[kind])]
                    update.present(f"{name}.", kind, *values)
                else:
                    update.absent(f"{name}.", kind)
        if now.marks:
            update.present(f"{MARK}.{domain}.", "TXT", *now.marks)
        else:
            update.absent(f"{MARK}.{domain}.", "TXT")

    async def _send(self, update: dns.update.UpdateMessage, zone: str) -> bool:
        """False when a prerequisite does not hold any more. Raises UpdateError."""
        import dns.asyncquery
        import dns.exception
        import dns.rcode
        import dns.tsig

        server = await self._address()
        name = self.key.name if self.key else "(none)"
        try:
            answer = await dns.asyncquery.tcp(update, server.address, timeout=self.timeout, port=server.port)
        except dns.tsig.PeerBadKey:
            words = f"{server.label} does not know the TSIG key {name}"
            raise UpdateError(
                "update-key-unknown", words, "Correct dns.rfc2136.key_name, or add the key there."
            ) from None
        except (dns.tsig.PeerBadSignature, dns.tsig.BadSignature, dns.tsig.PeerError):
            words = f"{server.label} has another secret or algorithm for the TSIG key {name}"
            remedy = "Correct what dns.rfc2136.key refers to, and key_algorithm."
            raise UpdateError("update-key-wrong", words, remedy) from None
        except dns.tsig.BadTime:
            words = f"the clocks of this machine and of {server.label} differ too much for TSIG"
            raise UpdateError("update-clock", words, "Set both clocks (NTP).") from None
        except (dns.exception.DNSException, OSError, EOFError) as error:
            words = f"{server.label} does not take the update: {str(error) or type(error).__name__}"
            remedy = "Open TCP port 53 to it, or correct dns.rfc2136.server."
            raise UpdateError("update-server-silent", words, remedy, passing=True) from None
        rcode = answer.rcode()
        if rcode == dns.rcode.NOERROR:
            return True
        if rcode in (dns.rcode.YXDOMAIN, dns.rcode.YXRRSET, dns.rcode.NXRRSET, dns.rcode.NXDOMAIN):
            return False
        if rcode == dns.rcode.REFUSED:
            words = f"{server.label} does not let the key {name} update zone {zone}"
            remedy = f"Grant it there: update-policy (BIND) or an acl with action update (Knot) for *.{zone} and TXT."
            raise UpdateError("update-refused", words, remedy)
        if rcode in (dns.rcode.NOTAUTH, dns.rcode.NOTZONE):
            words = f"{server.label} does not hold zone {zone} as a primary ({dns.rcode.to_text(rcode)})"
            raise UpdateError("update-not-authoritative", words, "Name the zone's primary in dns.rfc2136.server.")
        words = f"{server.label} does not take the update: {dns.rcode.to_text(rcode)}"
        raise UpdateError("update-failed", words, "Read that server's log.", passing=rcode == dns.rcode.SERVFAIL)

    def _taken(self, star: str, now: _Now, mark: Mark | None) -> UpdateError:
        whose = f"network {mark.network}" if mark is not None else "somebody else"
        words = f"{star} is there already and belongs to {whose} ({_words(now.wild) or 'no address'})"
        return UpdateError("update-record-taken", words, self._remedy_taken(star[2:], star))

    @staticmethod
    def _remedy_taken(domain: str, star: str) -> str:
        return (
            f"If nobody needs them, remove the records of {star} and {MARK}.{domain}; else give the cluster another domain, "
            "or set the cluster's dns to manual."
        )


def _sets(wanted: Sequence[DnsRecord], name: str) -> Sets:
    kinds = {record.type for record in wanted if record.name == name}
    return {
        kind: frozenset(record.value for record in wanted if record.name == name and record.type == kind)
        for kind in sorted(kinds)
    }


def _free(domain: str, now: _Now, aim: Sets) -> bool:
    """Whether the domain's own name may be taken too: nobody has it, and it is not where a CNAME is forbidden."""
    return not now.bare and not (domain == now.zone and "CNAME" in aim)


def _digest(sets: Mapping[str, frozenset[str]]) -> str:
    text = ";".join(f"{kind}={','.join(sorted(values))}" for kind, values in sorted(sets.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _words(sets: Mapping[str, frozenset[str]]) -> str:
    return " ".join(f"{kind} {value}" for kind, values in sorted(sets.items()) for value in sorted(values))


def _own(message: dns.message.Message, name: str, kind: str) -> frozenset[str]:
    """The values that stand at exactly this name; what an alias leads to does not."""
    import dns.name
    import dns.rdatatype

    owner, wanted = dns.name.from_text(name), dns.rdatatype.from_text(kind)
    found = (r for r in message.answer if r.name == owner and r.rdtype == wanted)
    texts = (str(item) for rrset in found for item in rrset)
    return frozenset(text.rstrip(".").lower() if kind == "CNAME" else text for text in texts)

"""How a check is declared: one decorated function that measures and never judges."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ml_debugger.artifacts.bars import Bars
from ml_debugger.artifacts.base import Artifact
from ml_debugger.components import COMPONENTS
from ml_debugger.contract.card import Card
from ml_debugger.contract.code import CODE, NAME
from ml_debugger.contract.gathered import Gathered
from ml_debugger.contract.limit import Limit, Setting, Settings
from ml_debugger.contract.measurement import Outcome
from ml_debugger.contract.sample import Sample
from ml_debugger.contract.scan import Scan
from ml_debugger.errors import ContractError

if TYPE_CHECKING:
    import polars as pl

Measure = Callable[..., Outcome]
Ask = Callable[[Any], "Mapping[str, pl.Expr]"]
Gather = Callable[[Bars], "Mapping[str, pl.DataFrame]"]
Shared = Scan | Gathered | Sample
"""What the framework gets from a table once for all checks."""

PROFILES = ("quick", "pre-train", "full")


@dataclass(frozen=True, slots=True)
class Need:
    """One artifact parameter of a check; `X | None` is given None where nothing is linked.

    A subject may be one of several kinds (`X | Y`): then `others` are those after the first.
    """

    kind: type[Artifact]
    optional: bool
    others: tuple[type[Artifact], ...] = ()

    @classmethod
    def of(cls, annotation: Any) -> Need | None:
        """The need behind a parameter's annotation, None when it is no artifact."""
        members = typing.get_args(annotation) or (annotation,)
        kinds = [m for m in members if isinstance(m, type) and issubclass(m, Artifact)]
        return cls(kinds[0], type(None) in members, tuple(kinds[1:])) if kinds else None


@dataclass(frozen=True)
class Check:
    """A declared check: what it judges, by which limits, and what it says about itself.

    `ask` returns the polars aggregations that the check needs of its table, by name; the
    planner fuses those of all checks into one streaming pass and hands back a `Scan`.
    `gather` is given the bars of whole tickers in order, a part of the price table at a time,
    and returns what is worth knowing of them as small frames by name; all checks share one walk
    over the parts, and the frames of all parts come back as one `Gathered`.
    `explained_by` names the faults that cause this one when a linked subject has them.
    `required` marks a check whose `skip` leaves a run incomplete. `fix` names the reversible
    remedy for its findings, None where a person must decide.
    """

    code: str
    name: str
    component: str
    measure: Measure
    limits: tuple[Limit, ...]
    settings: tuple[Setting, ...]
    playbook: str
    explained_by: tuple[str, ...]
    profiles: tuple[str, ...]
    ask: Ask | None
    gather: Gather | None
    deadline: float
    required: bool
    preview: bool
    fix: str | None = None

    def __post_init__(self) -> None:
        if not CODE.fullmatch(self.code):
            raise ContractError(f"check {self.name}: code {self.code!r} is not like PRC001")
        if not NAME.fullmatch(self.name):
            raise ContractError(f"check {self.code}: name {self.name!r} is not like stale-data")
        if self.component not in COMPONENTS:
            raise ContractError(f"check {self.code}: unknown component {self.component!r}")
        if not self.needs or self.needs[0].optional:
            raise ContractError(f"check {self.code}: no parameter is typed as an artifact")
        self.card  # noqa: B018  a check without a whole card is refused when it is declared

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """Parameter names of the measuring function and their annotations."""
        hints = typing.get_type_hints(self.measure)
        return {name: hints[name] for name in inspect.signature(self.measure).parameters}

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """The artifacts that it is given, in order; the first one is the subject."""
        found = (Need.of(kind) for kind in self.parameters.values())
        return tuple(need for need in found if need is not None)

    @property
    def judges(self) -> type[Artifact]:
        """The type of its subject, the first one where it may be of several."""
        return self.needs[0].kind

    @property
    def subjects(self) -> tuple[type[Artifact], ...]:
        """All types of which its subject may be."""
        return (self.needs[0].kind, *self.needs[0].others)

    @cached_property
    def card(self) -> Card:
        """The sections of the docstring."""
        return Card.from_docstring(self.name, self.measure.__doc__)

    @property
    def prefix(self) -> str:
        """The three letters of the code."""
        return self.code[:3]

    @cached_property
    def samples(self) -> bool:
        """Whether it asks for a `Sample` of its table."""
        return Sample in self.parameters.values()

    def run(
        self,
        subjects: typing.Sequence[Artifact | None],
        settings: Settings,
        shared: typing.Sequence[Shared] = (),
    ) -> Outcome:
        """Call the measuring function with what its parameters ask for.

        `subjects` are in the order of `needs`; None only where the need is optional. `shared`
        holds what it asked of its table: a `Scan`, a `Gathered`, a `Sample`.
        """
        by_type = {type(one): one for one in shared}
        left = iter(subjects)
        given: dict[str, Any] = {}
        for name, kind in self.parameters.items():
            if kind is Settings:
                given[name] = settings
            elif kind in (Scan, Gathered, Sample):
                given[name] = by_type[kind]
            else:
                given[name] = next(left)
        return self.measure(**given)


def check(
    *,
    code: str,
    name: str,
    component: str,
    playbook: str,
    limits: typing.Sequence[Limit],
    settings: typing.Sequence[Setting] = (),
    explained_by: typing.Sequence[str] = (),
    profiles: typing.Sequence[str] = ("full",),
    ask: Ask | None = None,
    gather: Gather | None = None,
    deadline: float = 60.0,
    required: bool = False,
    preview: bool = False,
    fix: str | None = None,
) -> Callable[[Measure], Check]:
    """Declare a check; the decorated function becomes a `Check`.

    The function's parameters say what it judges: artifacts by type, `Settings` for the values
    of its settings, `Scan` for the results of `ask`, `Gathered` for those of `gather`, `Sample`
    for rows of a feature table. Its docstring is the card.
    `deadline` is in seconds; `fix` names a remedy.
    """

    def declare(measure: Measure) -> Check:
        return Check(
            code=code,
            name=name,
            component=component,
            measure=measure,
            limits=tuple(limits),
            settings=tuple(settings),
            playbook=playbook,
            explained_by=tuple(explained_by),
            profiles=tuple(profiles),
            ask=ask,
            gather=gather,
            deadline=deadline,
            required=required,
            preview=preview,
            fix=fix,
        )

    return declare

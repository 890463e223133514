"""All experiments, in the order in which they are worth asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.account_questions.experiments.change_set_replacement import ChangeSetReplacement
from tools.account_questions.experiments.key_sequence import KeySequence
from tools.account_questions.experiments.kpu_metric import KpuMetric
from tools.account_questions.experiments.lambda_sdk import LambdaSdk
from tools.account_questions.experiments.network_permissions import NetworkPermissions
from tools.account_questions.experiments.rolled_back_update import RolledBackUpdate
from tools.account_questions.experiments.split_of_stack_output import SplitOfStackOutput
from tools.account_questions.experiments.stored_bytes import StoredBytes
from tools.account_questions.experiments.via_service import ViaService

if TYPE_CHECKING:
    from tools.account_questions.experiment import Experiment

__all__ = ("EXPERIMENTS",)

EXPERIMENTS: Final[tuple[type[Experiment], ...]] = (
    SplitOfStackOutput,
    ChangeSetReplacement,
    LambdaSdk,
    RolledBackUpdate,
    NetworkPermissions,
    KeySequence,
    ViaService,
    KpuMetric,
    StoredBytes,
)

"""Keys that a construct is given, also by an alias."""

from __future__ import annotations

from typing import Final, cast

from aws_cdk import Annotations, Stack, Token
from aws_cdk import aws_kms as kms

from cdk_penstock.foundation.elsewhere import is_of_other_account, is_of_other_region

_ALIAS: Final = "alias/"
KEY_OF_ALIAS_INFO: Final = "penstock:keyOfAlias"


def key_of(given: kms.IKey, error: type[Exception]) -> kms.IKey:
    """Return the key behind an alias, and any other key as it is.

    A service resolves an alias once and stores the key: moving the alias later does not move what is encrypted, and a
    policy cannot name an alias. So the ARN of the key goes into the template. The key behind an alias that is imported
    by its name is looked up during the synthesis, and ``cdk.context.json`` keeps the answer.

    Raises ``error`` for an alias that cannot be looked up, because the account or the Region of its stack is not known.
    """
    try:
        return given.alias_target_key  # type: ignore[attr-defined, no-any-return]
    except (AttributeError, RuntimeError):
        # A key; or an alias that is imported by its name or its ARN, of which the CDK does not know the key.
        name = _alias_name(given)
    return given if name is None else _looked_up(given, name, error)


def _alias_name(given: kms.IKey) -> str | None:
    name = given.key_arn.partition(f":{_ALIAS}")[2] or given.key_id.partition(_ALIAS)[2]
    return f"{_ALIAS}{name}" if name else None


def _looked_up(given: kms.IKey, name: str, error: type[Exception]) -> kms.IKey:
    stack = Stack.of(given)
    if Token.is_unresolved(stack.account) or Token.is_unresolved(stack.region):
        raise error(
            f"{given.node.path} is {name}, whose key can be looked up only in a known account and Region: give the"
            " stack env=Environment(account=..., region=...), or pass the key, with kms.Key.from_key_arn"
        )
    place = given.env
    if is_of_other_account(stack, place.account) or is_of_other_region(stack, place.region):
        raise error(
            f"{given.node.path} is {name} of account {place.account} and Region {place.region}: pass an alias of"
            f" {stack.account} and {stack.region}, where the application is"
        )
    # Several constructs may be given one alias.
    construct_id = f"KeyOf{name.replace('/', '-')}"
    found = stack.node.try_find_child(construct_id)
    if found is not None:
        return cast("kms.IKey", found)
    key = kms.Key.from_lookup(stack, construct_id, alias_name=name)
    Annotations.of(stack).add_info_v2(
        KEY_OF_ALIAS_INFO,
        f"{name} is key {key.key_id}, whose ARN is used: moving the alias changes nothing here, because MSF resolves an"
        " alias only once. After it was moved, delete its entry in cdk.context.json and pass the earlier key as"
        " previous_key",
    )
    return key

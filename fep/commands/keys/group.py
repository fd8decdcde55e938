"""``fep keys`` 密钥: the banks' keys, from the key ceremony to their end. Only check values are ever shown."""

from fep.command_line import Group
from fep.language import Text

keys = Group(
    "keys",
    text=Text(
        "Banks' keys in the key store; only check values are shown.\n\nThe ceremony step by step: docs/keys.md.",
        "密钥库中的银行密钥; 只显示校验值。\n\n密钥仪式的步骤见 docs/keys.zh-CN.md。",
    ),
    no_args_is_help=True,
    modules={
        "list": "fep.commands.keys.listing:list_keys",
        "generate": "fep.commands.keys.giving:generate_keys",
        "import": "fep.commands.keys.loading:import_keys",
        "export": "fep.commands.keys.giving:export_keys",
        "activate": "fep.commands.keys.changing:activate_keys",
        "retire": "fep.commands.keys.changing:retire_keys",
        "remove": "fep.commands.keys.changing:remove_keys",
        "proposals": "fep.commands.keys.proposing:list_proposals",
        "approve": "fep.commands.keys.proposing:approve",
        "reject": "fep.commands.keys.proposing:reject",
        "kcv": "fep.commands.keys.loading:show_check_value",
        "make-master": "fep.commands.keys.mastering:make_master",
        "reseal": "fep.commands.keys.mastering:reseal",
        "journal": "fep.commands.keys.listing:list_acts",
    },
)

"""Words 密钥操作的表述: what an act on keys is called, and what exactly is proposed."""

from types import MappingProxyType

from crypto.key_changes import Activation, Addition, Export, KeyChange, Removal, Resealing, Retirement
from crypto.key_proposals import KeyProposal
from crypto.key_store import KeyStore
from crypto.key_versions import KeyVersion
from fep.language import Text

ACTS = MappingProxyType(
    {
        "import": Text("import", "装入"),
        "generate": Text("generate", "生成"),
        "export": Text("export", "导出"),
        "activate": Text("activate", "启用"),
        "retire": Text("retire", "停用"),
        "remove": Text("remove", "删除"),
        "reseal": Text("reseal", "更换主密钥"),
        "begin journal": Text("begin journal", "新建操作日志"),
    }
)


def version_in(change: KeyChange, bank_code: str, store: KeyStore) -> KeyVersion | None:
    """Return the version that a change is about, as it stands; None for one that is new, or of none."""
    if isinstance(change, Activation | Retirement | Export) and bank_code in store.bank_codes():
        return next((each for each in store.versions(bank_code) if each.number == change.number), None)
    return None


def check_values(change: KeyChange, bank_code: str, store: KeyStore) -> tuple[str, str]:
    """Return the check values of AK and KEK that a change is about, upper-case hex; ``-`` when of none."""
    of = change.keys if isinstance(change, Addition) else version_in(change, bank_code, store)
    return ("-", "-") if of is None else (of.ak_kcv.hex().upper(), of.kek_kcv.hex().upper())


def what_of(proposal: KeyProposal, store: KeyStore) -> Text:
    """Return what is proposed, with all that an officer has to compare before he approves it."""
    code, change = proposal.bank_code, proposal.change
    ak, kek = check_values(change, code, store)
    values = f"AK {ak}, KEK {kek}"
    match change:
        case Addition(act=act):
            came = f"; {proposal.detail}" if proposal.detail else ""
            return Text(
                f"{act} keys of bank {code} ({values}{came})", f"{ACTS[act].zh}银行 {code} 的密钥 ({values}{came})"
            )
        case Export(number=number):
            return Text(
                f"export key version {number} of bank {code} ({values}; {proposal.detail})",
                f"导出银行 {code} 的密钥版本 {number} ({values}; {proposal.detail})",
            )
        case Activation(number=number):
            dates = _dates(change)
            return Text(
                f"activate key version {number} of bank {code} ({values}) {dates.en}",
                f"启用银行 {code} 的密钥版本 {number} ({values}), {dates.zh}",
            )
        case Retirement(number=number):
            return Text(
                f"retire key version {number} of bank {code} ({values}) at once",
                f"立即停用银行 {code} 的密钥版本 {number} ({values})",
            )
        case Removal():
            return Text(f"remove all keys of bank {code}", f"删除银行 {code} 的全部密钥")
        case Resealing(check_value=check_value):
            return Text(
                f"seal the key store under another master key (check value {check_value})",
                f"用另一个主密钥 (校验值 {check_value}) 加密密钥库",
            )
        case _:
            return Text(
                f"put the broken journal aside and begin a new one ({proposal.detail})",
                f"移走损坏的操作日志并新建 ({proposal.detail})",
            )


def _dates(change: Activation) -> Text:
    begins = change.valid_from
    from_en, from_zh = (f"from {begins}", f"自 {begins} 起") if begins else ("from the approval on", "自复核时起")
    if change.former_until is not None:
        return Text(
            f"{from_en}, the former one until {change.former_until}", f"{from_zh}, 旧版本至 {change.former_until}"
        )
    if not change.window:
        return Text(f"{from_en}, the former one ends then", f"{from_zh}, 旧版本同时停用")
    days = change.window.days
    return Text(f"{from_en}, the former one for {days} days more", f"{from_zh}, 旧版本再用 {days} 天")

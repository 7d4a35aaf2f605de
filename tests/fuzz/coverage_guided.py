"""Coverage-guided fuzzing of the readers, where atheris is installed:

    python tests/fuzz/coverage_guided.py mail CORPUS_FOLDER -max_total_time=600

`mail` is one of the targets of `fuzz_targets`. What it finds becomes a test in `test_fuzz_found.py`.
"""

import os
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carnet.config.settings")

with atheris.instrument_imports(include=["carnet", "zipfile"]):
    import django

    django.setup()
    from fuzz_seeds import SEEDS
    from fuzz_targets import TARGETS


def main() -> None:
    name, corpus = sys.argv[1], Path(sys.argv[2])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), "-max_len=8192", "-timeout=20", *sys.argv[3:]], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()

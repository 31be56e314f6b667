"""Make a model of timm lean and write down what that prints.

Usage: python newcomer.py [RESULT.md]    (default: results/memory-timm.md in the folder above)

Needs torch and timm (`pip install --no-deps timm`) besides mish. Nothing is timed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from models import timm

import mish.torch

MODEL = "cspdarknet53"
SHAPE = (4, 3, 256, 256)


def page() -> str:
    """The whole page."""
    torch.manual_seed(0)
    model = timm().create_model(MODEL, act_layer="mish")
    lean = mish.torch.lean(model)
    saving = lean.saving(torch.randn(SHAPE))
    return f"""# A model of timm made lean

Made by `benchmarks/memory/newcomer.py`. These lines

```text
model = timm.create_model("{MODEL}", act_layer="mish")
lean = mish.torch.lean(model)
print(lean.saving(torch.randn{SHAPE}))
```

print

```text
{saving}
```

and `print(lean)` says what was done in each place, and why:

```text
{lean}
```
"""


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "memory-timm.md"
    parser = argparse.ArgumentParser(description="Make a model of timm lean.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    result: Path = parser.parse_args().result
    result.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

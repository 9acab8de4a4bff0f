"""What the application and env.py are told."""

import os
from pathlib import Path

from lback.urls import for_branch

HERE = Path(__file__).parent
DATABASE_URL = for_branch(
    os.environ.get("SHOP_DATABASE_URL", f"sqlite:///{HERE / 'shop.db'}"), project=HERE
)

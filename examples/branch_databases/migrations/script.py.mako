<%!
    def quoted(text):
        """Spell a text for between the quotes of a docstring, whatever it holds."""
        return "".join(
            one if (one.isprintable() and one not in '"\\') or one == "\n" else
            "\\" + one if one in '"\\' else f"\\U{ord(one):08x}"
            for one in str(text)
        )
%>"""${message | quoted}

Revision ID: ${up_revision | quoted}
Revises: ${down_revision | comma,quoted,n}
Create Date: ${create_date}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}

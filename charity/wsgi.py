"""What a web server loads: ``charity.wsgi:app``."""

from __future__ import annotations

from charity.app import create_app
from charity.kernel import presence
from charity.web.turns import Turns

app = create_app()
presence.serve(app.extensions["charity.settings"].data_dir)
app.wsgi_app = Turns(app.wsgi_app)  # type: ignore[assignment,method-assign] # Flask's own way

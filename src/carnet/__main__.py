from carnet.cli import app

app()

"""The tree of commands."""

import typer

from app.cli import bench, channels, checkpoint, clock, conformance, demo, imports, keys, serve, sweep, verify

__all__ = ["commands"]

commands = typer.Typer(
    name="shixian",
    help="时限: holds administrative approvals against their statutory limits. Settings: `shixian settings`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

commands.command("serve")(serve.serve)
commands.command("scheduler")(serve.run_scheduler)
commands.command("migrate")(serve.migrate)
commands.command("demo")(demo.demo)
commands.command("settings")(serve.settings)
commands.command("openapi")(serve.openapi)
commands.command("verify")(verify.verify_history)
commands.command("sweep")(sweep.sweep)
commands.command("bench")(bench.bench)
commands.command("conformance")(conformance.conformance)
commands.add_typer(keys.commands, name="keys")
commands.add_typer(checkpoint.commands, name="checkpoint")
commands.add_typer(channels.commands, name="channels")
commands.add_typer(clock.commands, name="clock")
commands.add_typer(imports.commands, name="import")

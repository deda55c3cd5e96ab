"""The options of `healthmon discover`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from healthmon.cli.options import ConfigOption


def discover(  # noqa: PLR0913 - each option of a command is a parameter
    ranges: Annotated[
        list[str] | None,
        typer.Argument(help="the addresses to try: 10.1.2.0/24, 10.1.3.10-40, 10.1.2.11"),
    ] = None,
    config: ConfigOption = None,
    *,
    interface: Annotated[
        list[str] | None,
        typer.Option(help="send a WS-Discovery Probe on this network interface (repeatable)"),
    ] = None,
    credential: Annotated[
        list[str] | None,
        typer.Option(help="an account of config.yaml that devices may be asked with"),
    ] = None,
    snmp_v3: Annotated[
        str,
        typer.Option(
            "--snmp-v3",
            metavar="NAME[:AUTH[:PRIV]]",
            help="an account of config.yaml that is an SNMPv3 user, with its protocols: snmp-v3:SHA-256:AES",
        ),
    ] = "",
    site: Annotated[str, typer.Option(help="the site of what is found")] = "",
    ports: Annotated[
        str,
        typer.Option(
            help="only these TCP ports, such as 80,554,8081:http; 1161:snmp is a UDP port"
        ),
    ] = "",
    rtsp_path: Annotated[
        list[str] | None,
        typer.Option("--rtsp-path", help="try this RTSP path where ONVIF gives none (repeatable)"),
    ] = None,
    rate: Annotated[float, typer.Option(help="connections that are begun in a second")] = 100.0,
    hosts: Annotated[int, typer.Option(help="hosts that are tried at the same time")] = 64,
    yes: Annotated[
        bool, typer.Option("--yes", help="also for more addresses than a /20 has")
    ] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="add the new devices to config.yaml, all but the guesses"),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            help="also write the proposals to this file (repeatable): .yaml, .csv or .json"
        ),
    ] = None,
) -> None:
    """Find devices in the given addresses and propose entries for config.yaml; only with --write are they
    added to it.
    """
    from healthmon.cli import discover as command

    asked = command.Asked(
        ranges or [],
        interface or [],
        credential or [],
        site,
        ports,
        rtsp_path or [],
        rate,
        hosts,
        yes,
        as_json,
        output or [],
        write,
        snmp_v3,
    )
    raise typer.Exit(command.run(asked, config))

// Two ONVIF devices made of node-soap and the official WSDLs: `node onvif_device.js WSDL_FOLDER ADDRESS PORT
// [PORT_OF_SNAPSHOTS]`.
//
// /onvif/device_service: SOAP 1.1 answers, a media service of the first generation, an encoder in one profile only.
// /second/device: SOAP 1.2 answers, a clock one hour ahead, tokens created more than 5 s off are refused, and a
// Media2 service only (GetCapabilities names none). /counters: what was asked and refused, as JSON.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const path = require("path");
const soap = require("soap");

const [folder, address, port, front = port] = process.argv.slice(2);
const origin = `http://${address}:${port}`;
const USER = "healthmon";
const PASSWORD = "s3cret";
const counters = { accepted: 0, refused: 0, anonymous: 0, asked: {} };

function tokenRight(token, ahead) {
  const nonce = Buffer.from(token.Nonce.$value || token.Nonce, "base64");
  const created = token.Created.$value || token.Created;
  const near = Math.abs(Date.parse(created) - Date.now() - ahead * 1000) < 5000;
  const sum = crypto.createHash("sha1").update(nonce).update(created).update(PASSWORD).digest("base64");
  return near && token.Username === USER && (token.Password.$value || token.Password) === sum;
}

function refused() {
  return {
    Fault: {
      Code: { Value: "soap:Sender", Subcode: { Value: "ter:NotAuthorized" } },
      Reason: { Text: "Sender not authorized" },
      statusCode: 400,
    },
  };
}

// Every operation but the three of access class PRE_AUTH asks for a UsernameToken.
function guarded(operations, ahead, open) {
  const made = {};
  for (const [name, answer] of Object.entries(operations)) {
    made[name] = (given, _done, headers) => {
      counters.asked[name] = (counters.asked[name] || 0) + 1;
      if (!open.includes(name)) {
        const token = headers && headers.Security && headers.Security.UsernameToken;
        if (!token) counters.anonymous += 1;
        else if (tokenRight(token, ahead)) counters.accepted += 1;
        else counters.refused += 1;
        if (!token || !tokenRight(token, ahead)) throw refused();
      }
      return answer(given);
    };
  }
  return made;
}

function clock(ahead) {
  const now = new Date(Date.now() + ahead * 1000);
  const time = { Hour: now.getUTCHours(), Minute: now.getUTCMinutes(), Second: now.getUTCSeconds() };
  const date = { Year: now.getUTCFullYear(), Month: now.getUTCMonth() + 1, Day: now.getUTCDate() };
  const told = { DateTimeType: "NTP", DaylightSavings: false, TimeZone: { TZ: "GMT0BST,M3.5.0/1,M10.5.0" } };
  return { SystemDateAndTime: { ...told, UTCDateTime: { Time: time, Date: date } } };
}

const information = {
  Manufacturer: "Node & Söhne",
  Model: "Soap <1>",
  FirmwareVersion: "1.6",
  SerialNumber: "NODE-1",
  HardwareId: "A",
};
const interfaces = [{ attributes: { token: "eth0" }, Enabled: true, Info: { Name: "eth0", HwAddress: "02-00-00-AA-BB-CC", MTU: 1500 } }];

function device(ahead, capabilities, services) {
  return {
    GetSystemDateAndTime: () => clock(ahead),
    GetCapabilities: () => ({ Capabilities: capabilities }),
    GetServices: () => ({ Service: services }),
    GetDeviceInformation: () => information,
    GetNTP: () => ({
      NTPInformation: {
        FromDHCP: true,
        NTPFromDHCP: [{ Type: "IPv4", IPv4Address: "192.0.2.1" }, { Type: "DNS", DNSname: "ntp.example.com" }],
        NTPManual: [{ Type: "IPv4", IPv4Address: "192.0.2.99" }],
      },
    }),
    GetNetworkInterfaces: () => ({ NetworkInterfaces: interfaces }),
  };
}

function service(namespace, xaddr) {
  return { Namespace: `http://www.onvif.org/${namespace}/wsdl`, XAddr: xaddr, Version: { Major: 2, Minor: 60 } };
}

const OPEN = ["GetSystemDateAndTime", "GetCapabilities", "GetServices"];
const first = device(
  0,
  { Device: { XAddr: `${origin}/onvif/device_service` }, Media: { XAddr: `http://192.0.2.9/onvif/media?unit=1` } },
  [service("ver10/device", `${origin}/onvif/device_service`), service("ver10/media", `http://192.0.2.9/onvif/media?unit=1`)],
);
const second = device(3600, { Device: { XAddr: `${origin}/second/device` } }, [
  service("ver10/device", `${origin}/second/device`),
  service("ver20/media", `${origin}/second/media2`),
  service("ver20/ptz", `${origin}/second/ptz`),
]);
const encoder = {
  attributes: { token: "v0" }, Name: "main", UseCount: 1, Encoding: "H264",
  Resolution: { Width: 1920, Height: 1080 }, Quality: 4,
  Multicast: { Address: { Type: "IPv4", IPv4Address: "0.0.0.0" }, Port: 0, TTL: 1, AutoStart: false },
  SessionTimeout: "PT60S",
};
const text = (token, more) => ({
  attributes: { token }, VideoSourceConfigurationToken: "vs", Type: "Text", Position: { Type: "UpperLeft" },
  TextString: { attributes: { IsPersistentText: true }, ...more },
});
const osds = [
  text("o1", { Type: "DateAndTime", DateFormat: "dd/MM/yyyy", TimeFormat: "HH:mm:ss" }),
  text("o2", { Type: "Plain", FontSize: 24, PlainText: "Market & hall,  north" }),
  { attributes: { token: "o3" }, VideoSourceConfigurationToken: "vs", Type: "Image", Position: { Type: "LowerRight" }, Image: { ImgPath: "/logo" } },
];
const media = {
  GetOSDs: () => ({ OSDs: osds }),
  GetProfiles: () => ({
    Profiles: [
      { attributes: { token: "metadata only", fixed: true }, Name: "no encoder" },
      { attributes: { token: "main&1", fixed: true }, Name: "main", VideoEncoderConfiguration: encoder },
    ],
  }),
  GetStreamUri: (given) => ({
    MediaUri: {
      Uri: `rtsp://192.0.2.9:554/media/${encodeURIComponent(given.ProfileToken)}?a=1&b=2`,
      InvalidAfterConnect: false, InvalidAfterReboot: false, Timeout: "PT0S",
    },
  }),
};
// Where the JPEG is: of the first device at this port, unless told otherwise, of the second at another host.
media.GetSnapshotUri = (given) => ({
  MediaUri: {
    Uri: `http://${address}:${front}/snapshot.jpg?profile=${encodeURIComponent(given.ProfileToken)}`,
    InvalidAfterConnect: false, InvalidAfterReboot: false, Timeout: "PT0S",
  },
});
const media2 = {
  GetSnapshotUri: () => ({ Uri: `http://192.0.2.9:${port}/snapshot.jpg` }),
  GetProfiles: () => ({ Profiles: [{ attributes: { token: "p0", fixed: true }, Name: "main" }, { attributes: { token: "p1" }, Name: "sub", Configurations: { PTZ: { attributes: { token: "z" }, Name: "z", UseCount: 1, NodeToken: "n" } } }] }),
  GetMasks: () => ({
    Masks: [
      {
        attributes: { token: "m1" }, ConfigurationToken: "vs", Type: "Pixelated", Enabled: true,
        Polygon: { Point: [[-0.5, 0.5], [0, 0.5], [0, -0.25]].map(([x, y]) => ({ attributes: { x, y } })) },
      },
    ],
  }),
  GetOSDs: () => ({ OSDs: osds }),
  GetStreamUri: (given) => ({ Uri: `rtsp://${address}:554/second/${given.Protocol}/${given.ProfileToken}` }),
};

const where = (x, y, zoom) => ({ PanTilt: { attributes: { x, y } }, Zoom: { attributes: { x: zoom } } });
// The last preset has no position, as the schema allows.
const ptz = {
  GetStatus: (given) => {
    counters.profile = given.ProfileToken;
    return { PTZStatus: { Position: where(-0.25, 0.5, 0.1), MoveStatus: { PanTilt: "IDLE", Zoom: "MOVING" }, UtcTime: "2026-11-30T06:12:00Z" } };
  },
  GotoPreset: (given) => {
    if (given.PresetToken !== "1") throw { Fault: { Code: { Value: "env:Sender", Subcode: { Value: "ter:NoToken" } }, Reason: { Text: "no such preset" }, statusCode: 400 } };
    counters.sent = `${given.ProfileToken} to ${given.PresetToken}`;
    return {};
  },
  GetPresets: () => ({
    Preset: [
      { attributes: { token: "1" }, Name: "Market & hall", PTZPosition: where(-0.25, 0.5, 0.1) },
      { attributes: { token: "2" }, Name: "Bridge" },
    ],
  }),
};

// The official WSDLs name bindings but no service: it is added here.
function serve(server, at, file, binding, prefix, operations, options) {
  const wsdl = path.join(folder, file);
  const port = `<wsdl:service name="S"><wsdl:port name="P" binding="${prefix}:${binding}">` +
    `<soap:address location="${origin}${at}"/></wsdl:port></wsdl:service></wsdl:definitions>`;
  const xml = fs.readFileSync(wsdl, "utf8").replace("</wsdl:definitions>", port);
  return new Promise((done) => {
    soap.listen(server, { path: at, services: { S: { P: operations } }, xml, uri: wsdl, callback: done, ...options });
  });
}

async function main() {
  const server = http.createServer((request, response) => {
    response.writeHead(request.url === "/counters" ? 200 : 404, { "Content-Type": "application/json" });
    response.end(JSON.stringify(counters));
  });
  const own = { forceSoap12Headers: true, envelopeKey: "env" };
  await serve(server, "/onvif/device_service", "ver10/device/wsdl/devicemgmt.wsdl", "DeviceBinding", "tds", guarded(first, 0, OPEN), {});
  await serve(server, "/onvif/media", "ver10/media/wsdl/media.wsdl", "MediaBinding", "trt", guarded(media, 0, []), {});
  await serve(server, "/second/device", "ver10/device/wsdl/devicemgmt.wsdl", "DeviceBinding", "tds", guarded(second, 3600, OPEN), own);
  await serve(server, "/second/media2", "ver20/media/wsdl/media.wsdl", "Media2Binding", "tr2", guarded(media2, 3600, []), own);
  await serve(server, "/second/ptz", "ver20/ptz/wsdl/ptz.wsdl", "PTZBinding", "tptz", guarded(ptz, 3600, []), own);
  server.listen(Number(port), address, () => console.log("serving"));
}

main();

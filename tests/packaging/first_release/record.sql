BEGIN TRANSACTION;
CREATE TABLE acknowledgements (
	id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "acknowledgements" VALUES(1,1,'A. Smith','switch is being replaced',1.79607925748938155176e+09);
INSERT INTO "acknowledgements" VALUES(2,4,'A. Smith','contractor comes on Thursday',1.79607926038951778418e+09);
CREATE TABLE cases (
	number INTEGER NOT NULL, 
	device VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	priority INTEGER NOT NULL, 
	since FLOAT NOT NULL, 
	told FLOAT, 
	closed FLOAT, 
	body TEXT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "cases" VALUES(1,'S07','station','unreachable','fault',3,1.79607856414267587664e+09,1.79607858946012854568e+09,NULL,'{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":null,"device":"S07","faults":[{"aspect":"reach","code":"unreachable","confirmed":1796078569.2593822,"device":"S07","flapping":false,"part":"","question":"reach","sentence":"SNMP 10161 refused, TCP 8022 refused","since":1796078564.1426759,"state":3}],"held":"","joined":0.0,"number":1,"past":[],"priority":3,"revision":1,"since":1796078564.1426759,"site":"station","told":1796078589.4601285,"waits":1796078569.2601776}');
INSERT INTO "cases" VALUES(2,'UPS1','market','on_battery','fault',1,1.79607837763767552372e+09,1.79607859346516609191e+09,NULL,'{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":null,"device":"UPS1","faults":[{"aspect":"power","code":"on_battery","confirmed":1796078572.7830365,"device":"UPS1","flapping":false,"part":"","question":"ups","sentence":"on battery 3 min 10 s, 41 min left at 38 % load","since":1796078377.6376755,"state":3}],"held":"","joined":0.0,"number":2,"past":[],"priority":1,"revision":1,"since":1796078377.6376755,"site":"market","told":1796078593.465166,"waits":1796078572.7836509}');
INSERT INTO "cases" VALUES(3,'POL','market','relay_differs','degraded',2,1.79607856909481859207e+09,1.79607859648256850239e+09,NULL,'{"ack":null,"affected":[],"cause":"follows the mains failure at Control room (case F000002)","cause_number":2,"closed":null,"device":"POL","faults":[{"aspect":"same","code":"relay_differs","confirmed":1796078576.380363,"device":"POL","flapping":false,"part":"C001","question":"relay","sentence":"relay of C001 differs: size 320x180 instead of 640x360","since":1796078569.0948186,"state":1}],"held":"","joined":0.0,"number":3,"past":[],"priority":2,"revision":1,"since":1796078569.0948186,"site":"market","told":1796078596.4825685,"waits":1796078576.381151}');
INSERT INTO "cases" VALUES(4,'R1','market','clock_zone','fault',1,1.79607859944864416126e+09,1.79607862453128361702e+09,NULL,'{"ack":null,"affected":[],"cause":"follows the mains failure at Control room (case F000002)","cause_number":2,"closed":null,"device":"R1","faults":[{"aspect":"offset","code":"clock_zone","confirmed":1796078604.510886,"device":"R1","flapping":false,"part":"","question":"clock","sentence":"clock 1 h 00 min 00.0 s ahead: summer time was not switched off","since":1796078599.4486442,"state":3}],"held":"","joined":0.0,"number":4,"past":[],"priority":1,"revision":1,"since":1796078599.4486442,"site":"market","told":1796078624.5312836,"waits":1796078604.5116923}');
CREATE TABLE changes (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	notice VARCHAR NOT NULL, 
	number INTEGER, 
	device VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	hash VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (notice)
);
INSERT INTO "changes" VALUES(1,1.79607858946012854568e+09,'F000001-1',1,'S07','opened','{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":null,"device":"S07","faults":[{"aspect":"reach","code":"unreachable","confirmed":1796078569.2593822,"device":"S07","flapping":false,"part":"","question":"reach","sentence":"SNMP 10161 refused, TCP 8022 refused","since":1796078564.1426759,"state":3}],"held":"","joined":0.0,"number":1,"past":[],"priority":3,"revision":1,"since":1796078564.1426759,"site":"station","told":1796078589.4601285,"waits":1796078569.2601776}','33730112ec8b6a8923ea60275fabaaa4ae6e7017d98e8e5c294be9cffa069a1b');
INSERT INTO "changes" VALUES(2,1.79607859346516609191e+09,'F000002-1',2,'UPS1','opened','{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":null,"device":"UPS1","faults":[{"aspect":"power","code":"on_battery","confirmed":1796078572.7830365,"device":"UPS1","flapping":false,"part":"","question":"ups","sentence":"on battery 3 min 10 s, 41 min left at 38 % load","since":1796078377.6376755,"state":3}],"held":"","joined":0.0,"number":2,"past":[],"priority":1,"revision":1,"since":1796078377.6376755,"site":"market","told":1796078593.465166,"waits":1796078572.7836509}','ae6821f7d17e1f0beca6dc7ae1afb9e4e6d6db0e2a5b159f66150bdbd24253ec');
INSERT INTO "changes" VALUES(3,1.79607859648256850239e+09,'F000003-1',3,'POL','opened','{"ack":null,"affected":[],"cause":"follows the mains failure at Control room (case F000002)","cause_number":2,"closed":null,"device":"POL","faults":[{"aspect":"same","code":"relay_differs","confirmed":1796078576.380363,"device":"POL","flapping":false,"part":"C001","question":"relay","sentence":"relay of C001 differs: size 320x180 instead of 640x360","since":1796078569.0948186,"state":1}],"held":"","joined":0.0,"number":3,"past":[],"priority":2,"revision":1,"since":1796078569.0948186,"site":"market","told":1796078596.4825685,"waits":1796078576.381151}','c9aa7a89c768bd1024ccb2d85d0e490e09ad50446a081a6c2ac46b0036ae6737');
INSERT INTO "changes" VALUES(4,1.79607862453128361702e+09,'F000004-1',4,'R1','opened','{"ack":null,"affected":[],"cause":"follows the mains failure at Control room (case F000002)","cause_number":2,"closed":null,"device":"R1","faults":[{"aspect":"offset","code":"clock_zone","confirmed":1796078604.510886,"device":"R1","flapping":false,"part":"","question":"clock","sentence":"clock 1 h 00 min 00.0 s ahead: summer time was not switched off","since":1796078599.4486442,"state":3}],"held":"","joined":0.0,"number":4,"past":[],"priority":1,"revision":1,"since":1796078599.4486442,"site":"market","told":1796078624.5312836,"waits":1796078604.5116923}','342e26c6be2dd2e08796c3c7eb4bb0a4be777a6b3498cb5e3b3e53de353dca1a');
CREATE TABLE faults (
	device VARCHAR NOT NULL, 
	question VARCHAR NOT NULL, 
	part VARCHAR NOT NULL, 
	aspect VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (device, question, part, aspect)
);
INSERT INTO "faults" VALUES('S07','reach','','reach','{"aspect":"reach","code":"unreachable","confirmed":1796078569.2593822,"device":"S07","flapping":false,"part":"","question":"reach","sentence":"SNMP 10161 refused, TCP 8022 refused","since":1796078564.1426759,"state":3}');
INSERT INTO "faults" VALUES('UPS1','ups','','power','{"aspect":"power","code":"on_battery","confirmed":1796078572.7830365,"device":"UPS1","flapping":false,"part":"","question":"ups","sentence":"on battery 3 min 10 s, 41 min left at 38 % load","since":1796078377.6376755,"state":3}');
INSERT INTO "faults" VALUES('POL','relay','C001','same','{"aspect":"same","code":"relay_differs","confirmed":1796078576.380363,"device":"POL","flapping":false,"part":"C001","question":"relay","sentence":"relay of C001 differs: size 320x180 instead of 640x360","since":1796078569.0948186,"state":1}');
INSERT INTO "faults" VALUES('R1','clock','','offset','{"aspect":"offset","code":"clock_zone","confirmed":1796078604.510886,"device":"R1","flapping":false,"part":"","question":"clock","sentence":"clock 1 h 00 min 00.0 s ahead: summer time was not switched off","since":1796078599.4486442,"state":3}');
CREATE TABLE meta (
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('version','1');
INSERT INTO "meta" VALUES('alive','1796078954.3350785');
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	notice VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	sequence VARCHAR NOT NULL, 
	number INTEGER, 
	state VARCHAR NOT NULL, 
	created FLOAT NOT NULL, 
	due FLOAT NOT NULL, 
	attempts INTEGER NOT NULL, 
	ended FLOAT, 
	error TEXT, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT outbox_once UNIQUE (notice, target)
);
CREATE TABLE signoffs (
	id INTEGER NOT NULL, 
	sweep INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	at FLOAT NOT NULL, 
	addition INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT signoff_once UNIQUE (sweep, name)
);
INSERT INTO "signoffs" VALUES(1,1,'B. Jones',1.79607920393694782262e+09,0,'');
CREATE TABLE stays (
	device VARCHAR NOT NULL, 
	since FLOAT NOT NULL, 
	state VARCHAR NOT NULL, 
	location VARCHAR NOT NULL, 
	PRIMARY KEY (device, since)
);
CREATE TABLE sweeps (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "sweeps" VALUES(1,1.79607919126313424111e+09,'{"estate": "Example District CCTV (SIMULATED)", "at": "2026-11-30T22:53:11+00:00", "took_seconds": 8.509, "simulated": false, "reference_offset_seconds": -6.795047521591241e-06, "reference_error_seconds": 0.0056366277217864994, "devices": 15, "looks": 53, "faults": [{"devices": ["R1"], "name": "Recorder 1", "question": "clock", "part": "", "code": "clock_zone", "sentence": "clock 1 h 00 min 00.0 s ahead: summer time was not switched off", "since": "2026-11-30T22:43:19+00:00", "priority": "P1", "maintenance": null}, {"devices": ["UPS1"], "name": "Control room", "question": "ups", "part": "", "code": "on_battery", "sentence": "on battery 3 min 10 s, 41 min left at 38 % load", "since": "2026-11-30T22:49:54+00:00", "priority": "P1", "maintenance": null}, {"devices": ["S07"], "name": "Station Road switch 7", "question": "reach", "part": "", "code": "unreachable", "sentence": "SNMP 10161 refused, TCP 8022 refused", "since": "2026-11-30T22:42:44+00:00", "priority": "P3", "maintenance": null}], "warnings": [{"devices": ["POL"], "name": "Police relay", "question": "relay", "part": "C001", "code": "relay_differs", "sentence": "relay of C001 differs: size 320x180 instead of 640x360", "since": "2026-11-30T22:42:49+00:00", "priority": "P1", "maintenance": null}], "not_checked": [{"devices": ["R2"], "name": "Recorder 2", "question": "recorder", "part": "", "code": "unsupported", "sentence": "recorder not checked: not offered by the device (the recorder offers no recording search (ONVIF Profile G))", "since": null, "priority": null, "maintenance": null}], "blind_zones": [], "footage": {"asked": 3, "recorded": 3, "not_checked": 0, "gaps_told": 3, "without_gap_24h": 3, "kept_seconds": [2721600.408890009, 2721600.408890009], "played": 1, "plays": 1}, "exit_code": 1}');
CREATE TABLE timeline (
	device VARCHAR NOT NULL, 
	question VARCHAR NOT NULL, 
	since FLOAT NOT NULL, 
	until FLOAT, 
	state VARCHAR NOT NULL, 
	PRIMARY KEY (device, question, since)
);
INSERT INTO "timeline" VALUES('healthmon','reference',1.79607855650713181495e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('healthmon','agent',1.79607855650850629803e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S02','reach',1.79607855988742733002e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S02','link',1.7960785600488986969e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C003','clock',1.79607856215145015718e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('R1','reach',1.79607856347163248058e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S07','reach',1.79607856414267587664e+09,NULL,'fault');
INSERT INTO "timeline" VALUES('S07','link',1.79607856414362215997e+09,NULL,'unknown');
INSERT INTO "timeline" VALUES('S03','reach',1.79607856478703951834e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C001','reach',1.79607856540791511537e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C001','port',1.79607856615352463715e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('R1','stream',1.79607856669835233686e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('UPS1','ups',1.7960785676376755238e+09,NULL,'fault');
INSERT INTO "timeline" VALUES('C001','stream',1.79607856887580847734e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('POL','relay',1.79607856909481859207e+09,NULL,'degraded');
INSERT INTO "timeline" VALUES('S03','link',1.79607857127023696902e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C003','identity',1.79607857253012943269e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C003','reach',1.7960785727059223652e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S05','reach',1.79607857270624709134e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S05','link',1.79607857282360839842e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C002','clock',1.79607858350748562817e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('R2','clock',1.79607858357171893117e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C002','identity',1.79607858379395604131e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('R2','identity',1.79607858388934159277e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('R2','recorder',1.79607858452344775193e+09,NULL,'unknown');
INSERT INTO "timeline" VALUES('S06','reach',1.79607858514448451995e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S06','link',1.7960785851710705757e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C003','port',1.79607858537908411026e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('UPS1','identity',1.79607858652540683741e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C003','stream',1.79607858754672575002e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('R1','clock',1.79607859944864416126e+09,NULL,'fault');
INSERT INTO "timeline" VALUES('R1','identity',1.79607859965259981155e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C001','recording',1.79607859993618345262e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C002','recording',1.79607859993712210651e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C003','recording',1.79607859998360109331e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('R1','recorder',1.7960785999845077991e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C001','clock',1.79607860154167866704e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C001','identity',1.79607860189796090123e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C002','reach',1.79607860692682981488e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C002','port',1.79607860697985506062e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('R2','reach',1.79607860699539303777e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('POL','reach',1.79607860875271415712e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('POL','link',1.79607860877984237672e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('UPS1','reach',1.79607860998288750651e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('C002','stream',1.79607861053271245952e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S08','reach',1.79607861067421245571e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S08','link',1.79607861070078754428e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S01','reach',1.79607861113484215741e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S01','link',1.79607861115792894358e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S04','reach',1.7960786152354097366e+09,NULL,'ok');
INSERT INTO "timeline" VALUES('S04','link',1.79607861525050020211e+09,NULL,'ok');
CREATE INDEX cases_open ON cases (closed);
CREATE INDEX cases_device ON cases (device, since);
CREATE INDEX changes_device ON changes (device, at);
CREATE INDEX outbox_number ON outbox (number);
CREATE INDEX outbox_state ON outbox (state);
COMMIT;

-- A history of schema 3, as the last build before the present audit chain wrote it (sqlite3 .dump).
BEGIN TRANSACTION;
CREATE TABLE act_forms (
    form VARCHAR NOT NULL, act INTEGER NOT NULL, PRIMARY KEY (form));
INSERT INTO "act_forms" VALUES('f1-4ea3f98a1e413c9d',1);
CREATE TABLE acts (
    id INTEGER NOT NULL, number INTEGER NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL,
    at FLOAT(53) NOT NULL, happened FLOAT(53) NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id));
INSERT INTO "acts" VALUES(1,7,'confirm','A. Smith',1800000000.0,1800000000.0,'{}');
CREATE TABLE authors (
    kind VARCHAR NOT NULL, act INTEGER NOT NULL, uid INTEGER NOT NULL, account VARCHAR NOT NULL,
    PRIMARY KEY (kind, act));
INSERT INTO "authors" VALUES('acts',1,1000,'asmith');
INSERT INTO "authors" VALUES('signoffs',1,1000,'asmith');
INSERT INTO "authors" VALUES('notes',2,1000,'asmith');
CREATE TABLE cases (
    number INTEGER NOT NULL, device VARCHAR NOT NULL, site VARCHAR NOT NULL, code VARCHAR NOT NULL,
    state VARCHAR NOT NULL, priority INTEGER NOT NULL, since FLOAT(53) NOT NULL, told FLOAT(53),
    closed FLOAT(53), body TEXT NOT NULL, PRIMARY KEY (number));
INSERT INTO "cases" VALUES(7,'C001','riverside','unreachable','fault',2,1000.0,1080.0,NULL,'{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":null,"device":"C001","faults":[{"aspect":"reach","code":"unreachable","confirmed":1060.0,"device":"C001","flapping":false,"part":"","question":"reach","sentence":"no answer für 12 s","since":1000.0,"state":3}],"held":"","joined":0.0,"mains_back":null,"mains_lost":null,"number":7,"past":[],"priority":2,"revision":1,"since":1000.0,"site":"riverside","told":1080.0,"waits":1060.0}');
CREATE TABLE changes (
    id INTEGER NOT NULL, at FLOAT(53) NOT NULL, notice VARCHAR NOT NULL, number INTEGER,
    device VARCHAR NOT NULL, what VARCHAR NOT NULL, body TEXT NOT NULL, hash VARCHAR NOT NULL,
    PRIMARY KEY (id), UNIQUE (notice));
INSERT INTO "changes" VALUES(1,1080.0,'F000007-1',7,'C001','opened','{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":null,"device":"C001","faults":[{"aspect":"reach","code":"unreachable","confirmed":1060.0,"device":"C001","flapping":false,"part":"","question":"reach","sentence":"no answer für 12 s","since":1000.0,"state":3}],"held":"","joined":0.0,"mains_back":null,"mains_lost":null,"number":7,"past":[],"priority":2,"revision":1,"since":1000.0,"site":"riverside","told":1080.0,"waits":1060.0}','b5f103aa620d4f135ae291c70732c49df293a3d4fc00dc9eaaf4ec3dceb6d019');
INSERT INTO "changes" VALUES(2,1800000000.0,'act-1',7,'C001','confirm','{"account": "asmith", "by": "A. Smith", "details": {}, "happened": 1800000000.0, "uid": 1000}','65f376d97bf413abace74ba4851d698df7716ffd04d6c3ca5c05cd926b517ee8');
INSERT INTO "changes" VALUES(3,1800000001.0,'handover-1',NULL,'healthmon','outgoing','{"apart":"","at":1800000001.0,"name":"A. Smith","note":"note","party":"outgoing","reason":"","sheet":"015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862","sweep":1}','d9904878b58cd39ec2645d76f7d5708bf34f94d9e347b821a391d0d2c28664e7');
INSERT INTO "changes" VALUES(4,1800000001.0,'handover-2',NULL,'healthmon','incoming','{"apart":"","at":1800000001.0,"name":"B. Jones","note":"","party":"incoming","reason":"","sheet":"015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862","sweep":1}','c50e7af25ed592c42fa7ae7c230e6354913c0626de0de4a923d136d1f604118b');
INSERT INTO "changes" VALUES(5,1800000001.0,'note-1',NULL,'healthmon','note','{"by":"A. Smith","text":"the key is with J. Doe"}','0b84cb68c2fbdaf057de784ba367ff8bea44ff88b45d79853a08bf18f5a23815');
INSERT INTO "changes" VALUES(6,1800000002.0,'sign-1',NULL,'healthmon','sign','{"account":"asmith","addition":0,"at":1800000002.0,"name":"C. Brown","note":"late","sheet":"015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862","sweep":1,"uid":1000}','7ddb5ddcd8096b9635a6910b25f4b5975b155b46b0645294764229588e92d480');
INSERT INTO "changes" VALUES(7,1800000003.0,'note-2',NULL,'healthmon','note','{"account":"asmith","by":"C. Brown","text":"J. Doe called","uid":1000}','ac92b651b61111c807465058963748272efe1c812215a164057c679d0c4fc2e8');
INSERT INTO "changes" VALUES(8,1800000004.0,'note-ended-2-1800000004.0',NULL,'healthmon','note-ended','{"by":"C. Brown","note":2}','5a2d078a5d8df313520cbff4dace5ea254005fff889fa6a6c602041f3cb96e95');
INSERT INTO "changes" VALUES(9,1800000005.0,'note-kept-2-1800000005.0',NULL,'healthmon','note-kept','{"by":"B. Jones","note":2}','89498a0d6165442d9719dc6f932dfe9b727c99547854df8561b15e93d72850c1');
INSERT INTO "changes" VALUES(10,1800000006.0,'tick-1',NULL,'C001','well','{"act": 0, "at": 1800000006.0, "camera": "C001", "comment": "clean", "form": "form", "name": "A. Smith", "outcome": "well", "sweep": 1, "undoes": 0}','7cd0f63f1901c9856fa82c7abd2688beaf40ef07cec1b5d1a5ac5b186e02c2f0');
INSERT INTO "changes" VALUES(11,1800000007.0,'operation-1',NULL,'C001','check','{"by": "B. Jones", "details": {"reason": "tree works"}, "until": 1800000999.0}','15d3f04a655f0b83431eaf831beb87e67b51fe3e9b6941a64f2d5a3340908247');
INSERT INTO "changes" VALUES(12,1800000008.0,'access-738643fba2d24ce0bd1a080ad4ff19b7',NULL,'healthmon','login','{"client":"192.0.2.1","text":"smith''s login","user":"smith"}','dedf1d7c5c757ad9b866ad194f45ae4f6ac7f20d87e9f075f2a9dc68ee925189');
CREATE TABLE faults (
    device VARCHAR NOT NULL, question VARCHAR NOT NULL, part VARCHAR NOT NULL, aspect VARCHAR NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (device, question, part, aspect));
INSERT INTO "faults" VALUES('C001','reach','','reach','{"aspect":"reach","code":"unreachable","confirmed":1060.0,"device":"C001","flapping":false,"part":"","question":"reach","sentence":"no answer für 12 s","since":1000.0,"state":3}');
CREATE TABLE handovers (
    id INTEGER NOT NULL, sweep INTEGER NOT NULL, party VARCHAR NOT NULL, name VARCHAR NOT NULL,
    at FLOAT(53) NOT NULL, note TEXT NOT NULL, apart VARCHAR NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (id), CONSTRAINT handover_once UNIQUE (sweep, party));
INSERT INTO "handovers" VALUES(1,1,'outgoing','A. Smith',1800000001.0,'note','','');
INSERT INTO "handovers" VALUES(2,1,'incoming','B. Jones',1800000001.0,'','','');
CREATE TABLE meta (
    name VARCHAR NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
INSERT INTO "meta" VALUES('version','3');
INSERT INTO "meta" VALUES('alive','1090.0');
INSERT INTO "meta" VALUES('watched_since','1090.0');
CREATE TABLE notes (
    id INTEGER NOT NULL, token VARCHAR NOT NULL, name VARCHAR NOT NULL, at FLOAT(53) NOT NULL,
    body TEXT NOT NULL, ended FLOAT(53), ender VARCHAR,
    PRIMARY KEY (id), CONSTRAINT note_once UNIQUE (token));
INSERT INTO "notes" VALUES(1,'token','A. Smith',1800000001.0,'the key is with J. Doe',NULL,NULL);
INSERT INTO "notes" VALUES(2,'t2','C. Brown',1800000003.0,'J. Doe called',NULL,NULL);
CREATE TABLE operations (
    id INTEGER NOT NULL, kind VARCHAR NOT NULL, subject VARCHAR NOT NULL, name VARCHAR NOT NULL,
    at FLOAT(53) NOT NULL, until FLOAT(53), once VARCHAR NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (id), UNIQUE (once));
INSERT INTO "operations" VALUES(1,'check','C001','B. Jones',1800000007.0,1800000999.0,'once','{"reason": "tree works"}');
CREATE TABLE outbox (
    id INTEGER NOT NULL, notice VARCHAR NOT NULL, target VARCHAR NOT NULL, sequence VARCHAR NOT NULL,
    number INTEGER, state VARCHAR NOT NULL, created FLOAT(53) NOT NULL, due FLOAT(53) NOT NULL,
    attempts INTEGER NOT NULL, ended FLOAT(53), error TEXT, body TEXT NOT NULL,
    PRIMARY KEY (id), CONSTRAINT outbox_once UNIQUE (notice, target));
INSERT INTO "outbox" VALUES(1,'F000007-1','duty','C001',7,'pending',1080.0,1080.0,0,NULL,NULL,'{"a":1}');
CREATE TABLE signoffs (
    id INTEGER NOT NULL, sweep INTEGER NOT NULL, name VARCHAR NOT NULL, at FLOAT(53) NOT NULL,
    addition INTEGER NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (id), CONSTRAINT signoff_once UNIQUE (sweep, name));
INSERT INTO "signoffs" VALUES(1,1,'C. Brown',1800000002.0,0,'late');
CREATE TABLE stays (
    device VARCHAR NOT NULL, since FLOAT(53) NOT NULL, state VARCHAR NOT NULL, location VARCHAR NOT NULL,
    PRIMARY KEY (device, since));
CREATE TABLE sweeps (
    id INTEGER NOT NULL, at FLOAT(53) NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id));
INSERT INTO "sweeps" VALUES(1,1800000000.0,'{"a":1}');
CREATE TABLE ticks (
    id INTEGER NOT NULL, sweep INTEGER NOT NULL, camera VARCHAR NOT NULL, outcome VARCHAR NOT NULL,
    name VARCHAR NOT NULL, at FLOAT(53) NOT NULL, comment TEXT NOT NULL, form VARCHAR NOT NULL,
    act INTEGER NOT NULL, undoes INTEGER NOT NULL, PRIMARY KEY (id), CONSTRAINT tick_once UNIQUE (form));
INSERT INTO "ticks" VALUES(1,1,'C001','well','A. Smith',1800000006.0,'clean','form',0,0);
CREATE TABLE timeline (
    device VARCHAR NOT NULL, question VARCHAR NOT NULL, since FLOAT(53) NOT NULL, until FLOAT(53),
    state VARCHAR NOT NULL, PRIMARY KEY (device, question, since));
CREATE INDEX cases_open ON cases (closed);
CREATE INDEX cases_device ON cases (device, since);
CREATE INDEX changes_device ON changes (device, at);
CREATE INDEX outbox_state ON outbox (state);
CREATE INDEX outbox_number ON outbox (number);
CREATE INDEX acts_number ON acts (number);
CREATE INDEX operations_subject ON operations (subject, kind);
CREATE INDEX ticks_at ON ticks (at);
COMMIT;

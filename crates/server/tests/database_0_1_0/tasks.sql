PRAGMA application_id = 1413567307;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE request (
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        created INTEGER NOT NULL,
        answer TEXT NOT NULL,
        PRIMARY KEY (owner, key)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "request" VALUES('=jo','first-import','bb0042b36de39c6415a78cf9460345546f9084efebc6567a321990763d0799ff',1796037993908854004,'[1,"import-geopackage","Importing GeoPackage database file.","roads","normal",null]');
INSERT INTO "request" VALUES('=jo','waiting-import','321687d9b769e54be183dae786f352310c18ade027af7b365c6f5975dbc5451f',1796037994672969102,'[10,"import-geopackage","Importing GeoPackage database file.","roads","normal",null]');
CREATE TABLE state (last_id INTEGER NOT NULL) STRICT;
INSERT INTO "state" VALUES(0);
CREATE TABLE task (
        id INTEGER PRIMARY KEY,
        status TEXT NOT NULL,
        kind TEXT NOT NULL,
        description TEXT NOT NULL,
        subject TEXT,
        priority TEXT NOT NULL,
        transaction_id TEXT,
        owner TEXT,
        created INTEGER NOT NULL,
        started INTEGER,
        finished INTEGER,
        attempt INTEGER NOT NULL,
        interruptions INTEGER NOT NULL,
        cancel_requested INTEGER NOT NULL,
        is_sealed INTEGER NOT NULL,
        job TEXT,
        lanes TEXT,
        files TEXT,
        intent TEXT,
        download TEXT,
        error TEXT,
        result TEXT
    ) STRICT;
INSERT INTO "task" VALUES(1,'FINISHED','import-geopackage','Importing GeoPackage database file.','roads','normal',NULL,'jo',1796037993908854004,1796037993909175674,1796037993987462903,1,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,'[["commit",{"Element":[["id",{"Text":"77ec2f40c843d849ebb2fedbe2f897eb844af622"}],["tree",{"Text":"7e4b9806bfdc716ad42eeec5f1228d496a266513"}],["parents",{"Element":[["id",{"List":[]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037993000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037993000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from roads.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(2,'FAILED','import-geopackage','Importing GeoPackage database file.','roads','normal',NULL,'ann',1796037994008519315,1796037994008551765,1796037994022731531,1,0,0,0,NULL,NULL,NULL,NULL,NULL,'{"message":"Nothing to commit after 77ec2f40c843d849ebb2fedbe2f897eb844af622","causes":[]}',NULL);
INSERT INTO "task" VALUES(3,'CANCELLED','download-osm','osm download filter: null, bbox: 1,2,3,4','roads','normal',NULL,'jo',1796037994044528392,1796037994044695914,1796037994053351676,1,0,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(4,'FINISHED','import-geopackage','Importing GeoPackage database file.','published','normal',NULL,'jo',1796037994079775891,1796037994079798292,1796037994110089384,1,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,'[["commit",{"Element":[["id",{"Text":"df30035781e44b299738cb4141a1ebeec1a5284b"}],["tree",{"Text":"7e4b9806bfdc716ad42eeec5f1228d496a266513"}],["parents",{"Element":[["id",{"List":[]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037994000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037994000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from points.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(5,'FINISHED','import-geopackage','Importing GeoPackage database file.','unpublished','normal',NULL,'jo',1796037994134629228,1796037994134787853,1796037994154234127,1,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,'[["commit",{"Element":[["id",{"Text":"df30035781e44b299738cb4141a1ebeec1a5284b"}],["tree",{"Text":"7e4b9806bfdc716ad42eeec5f1228d496a266513"}],["parents",{"Element":[["id",{"List":[]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037994000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037994000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from points.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(6,'RUNNING','download-osm','osm download filter: null, bbox: 1,2,3,4','roads','normal',NULL,'jo',1796037994307860251,1796037994307944398,NULL,1,0,0,0,'{"repository":"29ab03de-c144-4ccb-97ec-7e7aaf474c73","branch":null,"message":null,"author":null,"wanted":{"Filter":"(node(1,2,3,4);\nway(1,2,3,4););\n(._;>;);\nout meta;"},"mapping":null,"asked":{"filter":null,"bbox":"1,2,3,4","mapping":null,"update":null,"rebase":null}}','["overpass"]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(7,'WAITING','download-osm','osm download filter: null, bbox: 5,6,7,8','roads','normal',NULL,'jo',1796037994337793946,NULL,NULL,0,0,0,0,'{"repository":"29ab03de-c144-4ccb-97ec-7e7aaf474c73","branch":null,"message":null,"author":null,"wanted":{"Filter":"(node(5,6,7,8);\nway(5,6,7,8););\n(._;>;);\nout meta;"},"mapping":null,"asked":{"filter":null,"bbox":"5,6,7,8","mapping":null,"update":null,"rebase":null}}','["overpass"]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(8,'RUNNING','import-geopackage','Importing GeoPackage database file.','published','normal',NULL,'jo',1796037994557843509,1796037994557990864,NULL,1,0,0,1,'{"repository":"78851262-8eca-47e9-8de2-3e791da4dda1","branch":null,"upload":"DATA_FOLDER/uploads/cef006be-d2d1-42d3-bf90-bc28d338997c","file_name":"points.gpkg","layer":null,"dest":null,"add":false,"fid_attribute":null,"message":null,"author":null}','["repository 78851262-8eca-47e9-8de2-3e791da4dda1"]','["DATA_FOLDER/uploads/cef006be-d2d1-42d3-bf90-bc28d338997c"]','{"repository":"78851262-8eca-47e9-8de2-3e791da4dda1","branch":"master","old":"df30035781e44b299738cb4141a1ebeec1a5284b","new":"35e2e164e243b21a2ae8ec0755f7638cd49febe1"}',NULL,NULL,'[["commit",{"Element":[["id",{"Text":"35e2e164e243b21a2ae8ec0755f7638cd49febe1"}],["tree",{"Text":"b95f04995dffd1c20401cfeec050468344d560c7"}],["parents",{"Element":[["id",{"List":[{"Text":"df30035781e44b299738cb4141a1ebeec1a5284b"}]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037994000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037994000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from points.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(9,'RUNNING','import-geopackage','Importing GeoPackage database file.','unpublished','normal',NULL,'jo',1796037994651526162,1796037994655126720,NULL,1,0,0,1,'{"repository":"50f96a02-13c2-468b-9007-22ce55244e2a","branch":null,"upload":"DATA_FOLDER/uploads/3d23d24c-1a6b-4e04-b302-bdd374911ecd","file_name":"points.gpkg","layer":null,"dest":null,"add":false,"fid_attribute":null,"message":null,"author":null}','["repository 50f96a02-13c2-468b-9007-22ce55244e2a"]','["DATA_FOLDER/uploads/3d23d24c-1a6b-4e04-b302-bdd374911ecd"]','{"repository":"50f96a02-13c2-468b-9007-22ce55244e2a","branch":"master","old":"df30035781e44b299738cb4141a1ebeec1a5284b","new":"35e2e164e243b21a2ae8ec0755f7638cd49febe1"}',NULL,NULL,'[["commit",{"Element":[["id",{"Text":"35e2e164e243b21a2ae8ec0755f7638cd49febe1"}],["tree",{"Text":"b95f04995dffd1c20401cfeec050468344d560c7"}],["parents",{"Element":[["id",{"List":[{"Text":"df30035781e44b299738cb4141a1ebeec1a5284b"}]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037994000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796037994000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from points.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(10,'WAITING','import-geopackage','Importing GeoPackage database file.','roads','normal',NULL,'jo',1796037994672969102,NULL,NULL,0,0,0,0,'{"repository":"29ab03de-c144-4ccb-97ec-7e7aaf474c73","branch":null,"upload":"DATA_FOLDER/uploads/76e18b57-c84b-4a19-bbf0-e918dc9bbff7","file_name":"more.gpkg","layer":null,"dest":"more","add":false,"fid_attribute":null,"message":"Waited","author":null}','["repository 29ab03de-c144-4ccb-97ec-7e7aaf474c73"]','["DATA_FOLDER/uploads/76e18b57-c84b-4a19-bbf0-e918dc9bbff7"]',NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(11,'WAITING','import-osm','osm import one.osm, repository: http://127.0.0.1:45795/repos/nodes','nodes','normal',NULL,'jo',1796037994683408196,NULL,NULL,0,0,0,0,'{"repository":"d287cc48-e8b2-42f4-8276-9b76c34fdc85","branch":null,"message":null,"author":null,"file":{"Uploaded":"DATA_FOLDER/uploads/de083ca6-8e7e-4675-b1f2-ca7e886c5beb"},"file_name":"one.osm","uri":"one.osm","repository_uri":"http://127.0.0.1:45795/repos/nodes","add":false,"no_raw":false,"mapping":null}','["repository d287cc48-e8b2-42f4-8276-9b76c34fdc85"]','["DATA_FOLDER/uploads/de083ca6-8e7e-4675-b1f2-ca7e886c5beb"]',NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(12,'RUNNING','import-geopackage','Importing GeoPackage database file.','roads','normal',NULL,'jo',1796037994699415228,1796037994700415228,NULL,1,0,1,0,'{"repository":"29ab03de-c144-4ccb-97ec-7e7aaf474c73","branch":null,"upload":"DATA_FOLDER/uploads/8c1b1fe4-3cb0-4409-9f07-0babf8d7b8fc","file_name":"cancelled.gpkg","layer":null,"dest":"cancelled","add":false,"fid_attribute":null,"message":null,"author":null}','["repository 29ab03de-c144-4ccb-97ec-7e7aaf474c73"]','["DATA_FOLDER/uploads/8c1b1fe4-3cb0-4409-9f07-0babf8d7b8fc"]',NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(13,'WAITING','delete-repository','Deleting a repository.',NULL,'normal',NULL,NULL,1796037994714404334,NULL,NULL,0,0,0,0,'{"repository":"78851262-8eca-47e9-8de2-3e791da4dda1"}','["repository 78851262-8eca-47e9-8de2-3e791da4dda1"]',NULL,NULL,NULL,NULL,NULL);
CREATE INDEX request_created ON request (created);
COMMIT;

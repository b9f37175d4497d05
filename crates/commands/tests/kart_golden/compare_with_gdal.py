"""Compares layers of files with those of other files, value by value, as GDAL reads them.

Usage: compare_with_gdal.py LIST

LIST is a JSON file: an array of objects with `format`, `original`, `layer`, `exported` and `key`, the column of the original
that identifies features; where it is null, the numbers of the rows do.
Prints each difference on a line; the exit status is 1 if there are any.
"""

import base64
import json
import math
import sys

from osgeo import gdal, ogr

gdal.UseExceptions()
ogr.UseExceptions()

# The format of the file that is being compared.
FORMAT = None


def open_file(path):
    options = ["EMPTY_STRING_AS_NULL=NO", "AUTODETECT_TYPE=NO"] if path.endswith(".csv") else []
    return gdal.OpenEx(path, gdal.OF_VECTOR, open_options=options)


def value(feature, index):
    if not feature.IsFieldSetAndNotNull(index):
        return None
    definition = feature.GetFieldDefnRef(index)
    kind = definition.GetType()
    if kind in (ogr.OFTInteger, ogr.OFTInteger64):
        number = feature.GetFieldAsInteger64(index)
        return bool(number) if definition.GetSubType() == ogr.OFSTBoolean else number
    if kind == ogr.OFTReal:
        return feature.GetFieldAsDouble(index)
    if kind == ogr.OFTBinary:
        return bytes(feature.GetFieldAsBinary(index))
    return feature.GetFieldAsString(index)


def rows(layer, fid_column):
    definition = layer.GetLayerDefn()
    names = [definition.GetFieldDefn(at).GetName() for at in range(definition.GetFieldCount())]
    for feature in layer:
        values = {name: value(feature, at) for at, name in enumerate(names)}
        if fid_column and not fid_column.startswith("auto_int_pk"):
            values[fid_column] = feature.GetFID()
        geometry = feature.GetGeometryRef()
        yield values, geometry.Clone() if geometry is not None else None


def as_text(value):
    """How text formats write a value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def same_value(one, other):
    if one is None or other is None:
        return one is other or (FORMAT == "csv" and other == "")
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    if type(one) is type(other):
        return one == other or moments(one) == moments(other)
    if FORMAT == "gpkg":
        return False
    try:
        return float(one) == float(other)
    except (TypeError, ValueError):
        return as_text(one) == as_text(other) or moments(one) == moments(other)


def moments(value):
    """A date is a moment in formats without dates, and fractions of seconds may be left out."""
    text = str(value).replace("/", "-").replace(" ", "T")
    if text.endswith("T00:00:00+00"):
        text = text[:-12]
    if text.endswith("+00"):
        text = text[:-3] + "Z"
    if text.endswith("T00:00:00"):
        text = text[:-9]
    return text.replace(".000Z", "Z")


def same_geometry(one, other):
    if one is None or other is None:
        # Text formats do not tell nothing from an empty geometry.
        return one is other or (FORMAT in ("csv", "geojson", "geojsonl") and (one or other).IsEmpty())
    if FORMAT in ("gpkg", "fgb", "csv"):
        # GDAL reads an empty polygon of a FlatGeobuf with an empty ring.
        both_empty = one.IsEmpty() and other.IsEmpty() and one.GetGeometryType() == other.GetGeometryType()
        return both_empty or one.ExportToIsoWkb() == other.ExportToIsoWkb()
    return turned(one) == turned(other)


def turned(geometry):
    """The coordinates, without the direction of rings."""
    if geometry.GetGeometryCount():
        parts = [turned(geometry.GetGeometryRef(at)) for at in range(geometry.GetGeometryCount())]
        return (geometry.GetGeometryName(), parts)
    points = geometry.GetPoints() or []
    return (geometry.GetGeometryName(), min(points, points[::-1]))


def extent(geometries):
    """Smallest and largest x, smallest and largest y."""
    boxes = [geometry.GetEnvelope() for geometry in geometries if geometry is not None and not geometry.IsEmpty()]
    if boxes:
        columns = list(zip(*boxes))
        return min(columns[0]), max(columns[1]), min(columns[2]), max(columns[3])


def compare(original, exported, key):
    """The differences, a text each."""
    fid = original.GetFIDColumn()
    key = key or fid
    exported_fid = exported.GetFIDColumn() if FORMAT == "gpkg" else ""
    expected = {as_text(values[key]): (values, geometry) for values, geometry in rows(original, fid)}
    found = {}
    for values, geometry in rows(exported, exported_fid):
        if key not in values:
            return [f"the export has no column {key}: {list(values)}"]
        found[as_text(values[key])] = (values, geometry)
    differences = []
    if expected.keys() != found.keys():
        differences.append(f"keys: {sorted(expected.keys() ^ found.keys())[:5]}")
    for identity in expected.keys() & found.keys():
        (values, geometry), (others, other) = expected[identity], found[identity]
        for name, one in values.items():
            if name not in others or not same_value(one, others[name]):
                differences.append(f"{identity}.{name}: {one!r} became {others.get(name, 'missing')!r}")
        if not same_geometry(geometry, other):
            text = lambda geometry: geometry and geometry.ExportToIsoWkt()
            differences.append(f"{identity}: {text(geometry)} became {text(other)}")
    if FORMAT in ("gpkg", "fgb"):
        system, other = original.GetSpatialRef(), exported.GetSpatialRef()
        is_known = system is not None and "undefined" not in system.GetName().lower()
        if is_known and (other is None or not system.IsSame(other)):
            differences.append(f"the reference system: {system.GetName()} became {other and other.GetName()}")
        own = extent(geometry for _, geometry in expected.values())
        if own and not all(math.isclose(a, b, rel_tol=1e-13) for a, b in zip(own, exported.GetExtent(force=1))):
            differences.append(f"extent: {own} became {exported.GetExtent(force=1)}")
    return differences


with open(sys.argv[1]) as file:
    comparisons = json.load(file)
is_different = False
for comparison in comparisons:
    FORMAT = comparison["format"]
    original_file = open_file(comparison["original"])
    original = original_file.GetLayerByName(comparison["layer"])
    if FORMAT == "geojsonl" and original.GetFeatureCount() == 0:
        # GDAL does not recognize an empty file.
        continue
    exported_file = open_file(comparison["exported"])
    differences = compare(original, exported_file.GetLayer(0), comparison["key"])
    for difference in differences[:20]:
        print(f"{comparison['name']} {FORMAT}: {difference}")
    is_different = is_different or bool(differences)
sys.exit(1 if is_different else 0)

//! The parameter `bbox`.

use longhaul_layer_index::{LayerIndex, Window};
use longhaul_projection::Reference;
use longhaul_tasks_web::ApiError;

use super::coordinates::LayerCrs;

/// The numbers of a box, without heights.
///
/// # Errors
/// 400 if it is none.
pub(super) fn numbers(text: &str) -> Result<[f64; 4], ApiError> {
    let numbers: Option<Vec<f64>> = text
        .split(',')
        .take(7)
        .map(|number| number.trim().parse().ok().filter(|n: &f64| n.is_finite()))
        .collect();
    match numbers.as_deref() {
        Some(&[a, b, c, d] | &[a, b, _, c, d, _]) => Ok([a, b, c, d]),
        _ => Err(ApiError::bad_request(
            "bbox must be four numbers, or six with heights, in the order of the axes of its coordinate reference system.",
        )),
    }
}

/// Which features of a layer are in the box; all without one.
pub(super) fn of(
    bbox: Option<[f64; 4]>,
    crs: Option<Reference>,
    layer: &LayerCrs,
    index: &LayerIndex,
) -> Result<Window, ApiError> {
    let Some(bbox) = bbox else { return Ok(Window::All) };
    let boxes = layer.boxes(bbox, crs)?;
    // A box that holds the layer may be larger than what the layer's system can express.
    let extent = index.extent();
    let holds_all = || {
        let in_crs84 = extent.and_then(|extent| layer.extent_in_crs84(extent));
        let given = layer_free_box(bbox, crs);
        in_crs84.zip(given).is_some_and(|(extent, given)| given.contains(&extent))
    };
    match extent.filter(|_| holds_all()) {
        Some(extent) => Ok(Window::Boxes(vec![extent])),
        None => Ok(Window::Boxes(boxes)),
    }
}

/// The box, if it is one of longitudes and latitudes.
fn layer_free_box(
    [a, b, c, d]: [f64; 4],
    crs: Option<Reference>,
) -> Option<longhaul_geodata::geometry::Extent> {
    let extent =
        |min_x, min_y, max_x, max_y| longhaul_geodata::geometry::Extent { min_x, min_y, max_x, max_y };
    match crs {
        None | Some(Reference::Crs84) => Some(extent(a, b, c, d)),
        Some(Reference::Epsg(4326)) => Some(extent(b, a, d, c)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_has_four_or_six_numbers() {
        assert_eq!(numbers("1, 2,3.5,-4e1").unwrap(), [1.0, 2.0, 3.5, -40.0]);
        assert_eq!(numbers("1,2,0,3,4,9").unwrap(), [1.0, 2.0, 3.0, 4.0]);
        for bad in ["", "1,2,3", "1,2,3,4,5", "1,2,3,4,5,6,7", "a,b,c,d", "1,2,nan,4", "1,2,3,inf"] {
            assert!(numbers(bad).is_err(), "{bad}");
        }
    }
}

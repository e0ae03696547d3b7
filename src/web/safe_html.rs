//! The door through which HTML made from strangers' text enters pages unescaped.

use maud::Render;

use crate::domain::safe_html::SafeHtml;

impl Render for SafeHtml {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str(self.as_str());
    }
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    #[test]
    fn sanitised_html_is_not_escaped_again() {
        let readme = SafeHtml::from_sanitised("<b>&amp;</b>".to_owned());
        assert_eq!(html! { article { (readme) } }.into_string(), "<article><b>&amp;</b></article>");
    }
}

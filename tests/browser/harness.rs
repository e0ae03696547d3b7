//! The harness itself: it can do what people do, and it sees what is wrong with a page.

use crate::browser::Browser;
use crate::site::Site;

const FORM: &str = r#"<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width">
<title>Form</title><style>summary { padding: 4px }</style></head><body><main><h1>Form</h1>
<label for="a">Full name</label> <input id="a"> <input aria-label="Search" type="search">
<label for="b">Colour</label> <select id="b"><option>red<option>blue</select>
<label><input type="radio" name="r"> one</label> <label><input type="radio" name="r"> two</label>
<details><summary>More</summary><p>Hidden text <a href="/more">read on</a></p></details>
<ul><li>first <button onclick="document.title = 'first deleted'">Delete</button></li>
<li>second <button onclick="document.title = 'second deleted'">Delete</button></li></ul>
</main><noscript>No scripts here.</noscript></body></html>"#;

const WRONG: &str = r#"<!doctype html><html><body><h1>One</h1><h1>Two</h1><main>
<style>a:focus { outline: none } .dark { color: #777 } @media (prefers-color-scheme: dark) { body { background: #222 } }</style>
<p style="width: 700px">wide</p><p style="color: #999; background: #fff">pale</p><p class="dark">grey</p>
<img src="data:,"><input><a href="/faint">a link without a visible focus</a><div onclick="void 0">no button</div>
<button id="trap" onfocus="this.blur()">never focused</button></main></body></html>"#;

#[test]
fn a_person_fills_in_a_form_and_finds_things_by_their_names() {
    let site = Site::showing(FORM);
    let Some(browser) = Browser::at(&site.url()) else { return };
    browser.open("/form?with=query").audit();
    assert_eq!((browser.title(), browser.path()), ("Form".to_owned(), "/form".to_owned()));
    browser.fill("Full name", "Ada").fill("Full name", "Grace").fill("Search", "vpc").fill("Colour", "blue");
    let values = ["Full name", "Search", "Colour"].map(|label| browser.value(label));
    assert_eq!(values, ["Grace", "vpc", "blue"]);
    browser.hides("Hidden text").click_text("More").shows("Hidden text");
    assert!(browser.text().contains("read on"));
    browser.click_in("second", "Delete");
    assert_eq!(browser.title(), "second deleted");
    browser.click_text("Full name");
    assert_eq!(browser.focused(), "textbox Full name");
    browser.press("Tab");
    assert_eq!(browser.focused(), "searchbox Search");
    browser.press("Shift+Tab").press("End").press("!");
    assert_eq!(browser.value("Full name"), "Grace!");
    browser.click_text("read on").is_at("/more");
    assert_eq!(site.asked(), ["/form?with=query", "/more"]);
    assert!(browser.request_log().contains(&format!("{}/more", site.url())));
    browser.axe();
}

#[test]
fn a_browser_without_scripts_runs_none() {
    let site = Site::showing(FORM);
    let Some(browser) = Browser::at(&site.url()) else { return };
    browser.without_scripts().open("/").shows("No scripts here.").audit();
    browser.click_in("first", "Delete");
    assert_eq!(browser.title(), "Form");
}

#[test]
fn an_audit_sees_what_is_wrong_with_a_page() {
    let site = Site::showing(WRONG);
    let Some(browser) = Browser::at(&site.url()) else { return };
    let problems = browser.open("/").problems().join("\n");
    for problem in [
        "2 h1",
        "no lang",
        "no title",
        "img:not([alt])",
        "px wide in a window of 320: <p style=\"width: 700px\"",
        "light, 320 px: color-contrast",
        "dark, 1280 px: color-contrast",
        "label (critical)",
        "the focus is not visible on <a href=\"/faint\"",
    ] {
        assert!(problems.contains(problem), "not seen: {problem}\nseen: {problems}");
    }
}

#[test]
fn the_console_and_requests_to_others_are_seen() {
    let page = "<!doctype html><meta http-equiv='Content-Security-Policy' content=\"default-src 'self'\">\
                <img src='http://tracker.example/pixel.png'>";
    let site = Site::showing(page);
    let Some(browser) = Browser::at(&site.url()) else { return };
    browser.open("/");
    let errors = browser.console_errors();
    assert!(errors.iter().any(|error| error.contains("Content Security Policy")), "{errors:?}");
    assert_eq!(browser.foreign_requests(), ["http://tracker.example/pixel.png"]);
    browser.forget_requests();
}

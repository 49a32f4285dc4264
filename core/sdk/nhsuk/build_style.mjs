// node build_style.mjs NODE_MODULES OWN.CSS OUTPUT.CSS
// Writes nhsuk-frontend's style sheet, then what all digital services share, then the service's own. The Frutiger font is licensed
// to the NHS only: its @font-face rules are cut out and the family name is dropped, so that Arial is
// used. Images of the style sheet (icons of tables) are not shipped, so rules naming them go.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [modules, own, output] = process.argv.slice(2)

let css = readFileSync(join(modules, 'nhsuk-frontend/dist/nhsuk/nhsuk-frontend.min.css'), 'utf8')
css = css.replace(/^\uFEFF/, '').replace(/@font-face\s*{[^}]*}/g, '')
css = css.replaceAll('Frutiger W01,', '').replace(/\/\*#\s*sourceMappingURL=.*?\*\//g, '')
css = css.replace(/[^{};]*:url\([^)]*\)[^;}]*;?/g, '')
if (/frutiger|url\(|@import|@font-face/i.test(css)) {
  throw new Error('nhsuk-frontend.min.css still names a font or a file that is not shipped')
}
const shared = readFileSync(new URL('pages.css', import.meta.url), 'utf8')
writeFileSync(output, `${css}\n${shared}\n${readFileSync(own, 'utf8')}`)

// node build_assets.mjs NODE_MODULES SOURCE_FOLDER OUTPUT_FOLDER
// Writes viewer.css (nhsuk-frontend's style sheet, then ours) and favicon.svg. The Frutiger font is
// licensed to the NHS only: its @font-face rules are cut out and the family name is dropped, so that
// Arial is used. Images of the style sheet (icons of tables) are not shipped, so rules naming them go.
import { mkdirSync, readFileSync, writeFileSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'

const [modules, source, output] = process.argv.slice(2)
const nhsuk = join(modules, 'nhsuk-frontend')

let css = readFileSync(join(nhsuk, 'dist/nhsuk/nhsuk-frontend.min.css'), 'utf8')
css = css.replace(/^\uFEFF/, '').replace(/@font-face\s*{[^}]*}/g, '')
css = css.replaceAll('Frutiger W01,', '').replace(/\/\*#\s*sourceMappingURL=.*?\*\//g, '')
css = css.replace(/[^{};]*:url\([^)]*\)[^;}]*;?/g, '')
if (/frutiger|url\(|@import|@font-face/i.test(css)) {
  throw new Error('nhsuk-frontend.min.css still names a font or a file that is not shipped')
}

mkdirSync(output, { recursive: true })
const own = readFileSync(join(source, 'assets/record.css'), 'utf8')
writeFileSync(join(output, 'viewer.css'), `${css}\n${own}`)
copyFileSync(join(source, 'assets/favicon.svg'), join(output, 'favicon.svg'))

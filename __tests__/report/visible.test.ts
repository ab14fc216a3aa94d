import { describe, expect, test } from '@jest/globals'
import { shorten, visibleLine, visibleLines } from '../../src/report/visible.ts'

describe('hidden characters', () => {
  test('are shown: controls as their picture, bidirectional and zero-width ones by number', () => {
    expect(visibleLine('a\u001b[31mb')).toBe('a␛[31mb')
    expect(visibleLine('\u007f')).toBe('␡')
    expect(visibleLine('user\u202enimda')).toBe('user⟨U+202E⟩nimda')
    expect(visibleLine('re\u200bcipe\u2066\ufeff')).toBe('re⟨U+200B⟩cipe⟨U+2066⟩⟨U+FEFF⟩')
    expect(visibleLine('\u0085\u2028\u{e0041}')).toBe('⟨U+0085⟩⟨U+2028⟩⟨U+E0041⟩')
  })

  test('half a surrogate pair is shown, a whole one is left alone', () => {
    expect(visibleLine('\ud83d')).toBe('⟨U+D83D⟩')
    expect(visibleLine('🥞 crêpes 日本 ⚠️')).toBe('🥞 crêpes 日本 ⚠️')
  })

  test('line breaks and tabs stay in several lines and show in one', () => {
    expect(visibleLines('a\r\nb\tc\rd')).toBe('a\nb\tc␍d')
    expect(visibleLine('a\r\nb\tc')).toBe('a↵b⇥c')
  })
})

test('a text is shortened by characters, never through the middle of one', () => {
  expect(shorten('recipes', 7)).toBe('recipes')
  expect(shorten('recipes', 4)).toBe('rec…')
  expect(shorten('🥞🥞🥞', 2)).toBe('🥞…')
})

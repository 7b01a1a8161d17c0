"""Administrative divisions as dated data: the province, its prefectures and its counties.

Rule: a code is six digits and official; what it meant on a day is a row with dates, and what ended
names its successor. The rows come from ``gansu.json`` with every upgrade and are never typed in.
"""
